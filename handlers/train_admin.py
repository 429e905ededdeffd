"""Who comes to a training, and calling one off: the lists an admin sees."""

from __future__ import annotations

from datetime import timedelta

from domain import training
from domain.errors import Refused
from domain.scope import Scope, scope
from handlers import moments
from handlers.steps import Button, Command, Step
from handlers.train import whom
from handlers.turn import Turn
from handlers.wording import number
from storage import training as kept
from storage.training import Counts, Guest, Training
from talk.messages import Choice
from talk.text import Text, flat, joined, plain

RECENT = timedelta(days=14)
"""Sessions stay in the list for so long after they began."""

LISTED = 10
NAMED = 15
"""Names of each group in the overview; the rest is a page away."""

PAGE = 50
"""Names on a page: 50 names of 60 letters fit in a message."""

_PARAGRAPH = plain("\n\n")
_GROUPS = {"yes": "yes", "no": "no", "open": ""}
"""How a group is named in a button, and the answer of its people."""


async def _list(turn: Turn, _: str) -> None:
    """The sessions within this admin's branch, those of the last days too."""
    reach = await scope(turn.tx, turn.caller.person_id)
    # A training for all staff belongs to no unit: the highest unit's branch is without it.
    branch = None if reach.whole else reach.top
    found = await kept.sessions(
        turn.tx, after=turn.now - RECENT, unit_id=branch, cancelled=True, limit=LISTED
    )
    on = [turn.choice("train.new", "!buat_pelatihan"), turn.choice("common.menu", "!menu")]
    if not found:
        turn.amend(turn.say("train.none"), [on])
        return
    counts = await kept.counts(turn.tx, [session.id for session in found])
    parts = [turn.say("train.list")]
    rows: list[list[Choice]] = []
    for place, session in enumerate(found, 1):
        parts += [plain(f"\n\n{place}. "), _about(turn, session)]
        parts += [plain("\n"), _counted(turn, session, counts[session.id])]
        rows.append([Choice(f"{place}. {_short(session.title)}", f"!tr:{session.id}")])
    turn.amend(joined(*parts), [*rows, on])


async def _open(turn: Turn, argument: str) -> None:
    """One session: who comes, who does not, who has not answered."""
    session, reach = await _theirs(turn, argument)
    await _show(turn, session, reach)


async def _names(turn: Turn, argument: str) -> None:
    """All names of one group, page by page: `7:yes:0`."""
    number_, _, rest = argument.partition(":")
    group, _, page_ = rest.partition(":")
    session, _ = await _theirs(turn, number_)
    if group not in _GROUPS or not page_.isdecimal() or len(page_) > 4:
        raise Refused("train.unknown")
    guests = [g for g in await kept.invitees(turn.tx, session.id) if g.answer == _GROUPS[group]]
    page = min(int(page_), max(0, (len(guests) - 1) // PAGE))
    shown = guests[page * PAGE : (page + 1) * PAGE]
    parts = [_group(turn, group, len(guests))]
    parts += [plain(f"\n{page * PAGE + n}. {_name(turn, g)}") for n, g in enumerate(shown, 1)]
    turning = []
    if page:
        turning.append(turn.choice("admin.page_back", f"!trlist:{session.id}:{group}:{page - 1}"))
    if (page + 1) * PAGE < len(guests):
        turning.append(turn.choice("admin.page_on", f"!trlist:{session.id}:{group}:{page + 1}"))
    rows = [turning, [turn.choice("common.back", f"!tr:{session.id}")]]
    turn.amend(joined(*parts), [row for row in rows if row])


async def _ask_cancel(turn: Turn, argument: str) -> None:
    """Ask before a session is called off."""
    session, reach = await _theirs(turn, argument)
    if not _still_on(turn, session):
        await _over(turn, session, reach)
        return
    n = sum((await kept.counts(turn.tx, [session.id]))[session.id])
    turn.amend(
        joined(
            _about(turn, session),
            _PARAGRAPH,
            turn.say("train.ask_cancel", n=number(turn.caller.language, n)),
        ),
        (
            (turn.choice("train.cancel_yes", f"!tryes:{session.id}"),),
            (turn.choice("common.back", f"!tr:{session.id}"),),
        ),
    )


async def _cancel(turn: Turn, argument: str) -> None:
    """Call it off; the invited are told."""
    session, reach = await _theirs(turn, argument)
    if not _still_on(turn, session):
        await _over(turn, session, reach)
        return
    await training.cancel(turn.tx, session.id, by=turn.caller.person_id, now=turn.now)
    off = await kept.session(turn.tx, session.id)
    assert off is not None
    await _show(turn, off, reach)


async def _theirs(turn: Turn, argument: str) -> tuple[Training, Scope]:
    """A session within this admin's branch. Raises Refused for any other."""
    reach = await scope(turn.tx, turn.caller.person_id)
    known = argument.isdecimal() and len(argument) < 19
    session = await kept.session(turn.tx, int(argument)) if known else None
    if session is None or session.unit_id not in reach:
        raise Refused("train.unknown")
    return session, reach


def _still_on(turn: Turn, session: Training) -> bool:
    return session.cancelled_at is None and session.starts_at > turn.now


async def _over(turn: Turn, session: Training, reach: Scope) -> None:
    """Say briefly that it is too late, and show where the session stands."""
    turn.toast = flat(turn.say("train.over", title=_short(session.title)))
    await _show(turn, session, reach)


async def _show(turn: Turn, session: Training, reach: Scope) -> None:
    guests = await kept.invitees(turn.tx, session.id)
    by_group = {
        group: [g for g in guests if g.answer == answer] for group, answer in _GROUPS.items()
    }
    parts = [_about(turn, session), plain("\n"), _invited(turn, session, reach, len(guests))]
    if session.cancelled_at is not None:
        parts += [plain("\n"), turn.say("train.is_cancelled")]
    rows: list[list[Choice]] = []
    for group, people in by_group.items():
        parts += [_PARAGRAPH, _group(turn, group, len(people))]
        parts += [plain(f"\n• {_name(turn, guest)}") for guest in people[:NAMED]]
        if len(people) > NAMED:
            rest = number(turn.caller.language, len(people) - NAMED)
            parts += [plain("\n"), turn.say("train.more", n=rest)]
            rows.append([_all_of(turn, session, group)])
    if _still_on(turn, session):
        rows.append([turn.choice("train.cancel", f"!trcancel:{session.id}")])
    rows.append(
        [
            turn.choice("announcements.refresh", f"!tr:{session.id}"),
            turn.choice("train.all", "!pelatihan_admin"),
        ]
    )
    turn.amend(joined(*parts), rows)


def _invited(turn: Turn, session: Training, reach: Scope, n: int) -> Text:
    """Who is invited and how many."""
    shown = number(turn.caller.language, n)
    return turn.say("train.for", whom=whom(turn, session.unit_id, reach), n=shown)


def _about(turn: Turn, session: Training) -> Text:
    return turn.say(
        "training.about",
        title=session.title,
        when=moments.moment(session.starts_at, session.zone, turn.caller.language),
        place=session.place,
    )


def _counted(turn: Turn, session: Training, counts: Counts) -> Text:
    if session.cancelled_at is not None:
        return turn.say("train.is_cancelled")
    language = turn.caller.language
    return turn.say(
        "train.counts",
        yes=number(language, counts.yes),
        no=number(language, counts.no),
        open=number(language, counts.open),
    )


def _group(turn: Turn, group: str, n: int) -> Text:
    shown = number(turn.caller.language, n)
    if group == "yes":
        return turn.say("train.come", n=shown)
    if group == "no":
        return turn.say("train.do_not", n=shown)
    return turn.say("train.not_answered", n=shown)


def _all_of(turn: Turn, session: Training, group: str) -> Choice:
    value = f"!trlist:{session.id}:{group}:0"
    if group == "yes":
        return turn.choice("train.list_yes", value)
    if group == "no":
        return turn.choice("train.list_no", value)
    return turn.choice("train.list_open", value)


def _name(turn: Turn, guest: Guest) -> str:
    return guest.name or flat(turn.say("train.nameless"))


def _short(title: str) -> str:
    return title if len(title) <= 40 else title[:39].rstrip() + "…"


STEPS: tuple[Step, ...] = ()
COMMANDS = (Command("pelatihan_admin", _list, also=("daftar_hadir", "attendance"), role="admin"),)
BUTTONS = (
    Button("tr", _open, role="admin"),
    Button("trlist", _names, role="admin"),
    Button("trcancel", _ask_cancel, role="admin"),
    Button("tryes", _cancel, role="admin"),
)
