"""Announcements on their way: how far they are, stopping them, writing to the uncertain again."""

from __future__ import annotations

from domain import announcing
from domain.errors import Refused
from domain.scope import Scope, scope
from handlers import announced
from handlers.announce import tell_progress
from handlers.announcing_ticks import advance
from handlers.moments import moment
from handlers.steps import Button, Command, Step
from handlers.turn import Turn
from handlers.wording import number
from storage import announcements, recipients
from storage.announcements import Written
from talk.messages import Choice
from talk.text import flat, joined, plain

__all__ = ["BUTTONS", "COMMANDS", "STEPS", "advance"]

LISTED = 10


async def _list(turn: Turn, _: str) -> None:
    """The newest announcements: one's own, or all for whoever is in charge of everything."""
    reach = await scope(turn.tx, turn.caller.person_id)
    author = None if reach.whole else turn.caller.person_id
    found = await announcements.latest(turn.tx, author_id=author, limit=LISTED)
    language = turn.caller.language
    if not found:
        turn.amend(turn.say("announcements.none"), _on(turn))
        return
    parts = [turn.say("announcements.list")]
    rows = []
    for one in found:
        figures = announcing.figures(await recipients.states(turn.tx, one.id))
        begin = _beginning(one.text)
        if one.state == "frozen":
            line = turn.say("announcements.line_preparing", number=one.id, begin=begin)
        else:
            line = turn.say(
                "announcements.line",
                number=one.id,
                begin=begin,
                sent=number(language, figures.sent),
                total=number(language, one.recipients),
            )
        parts += [plain("\n\n"), line]
        rows.append((turn.choice("announcements.open", f"!ann:{one.id}", number=one.id),))
    turn.amend(joined(*parts), [*rows, *_on(turn)])


def _on(turn: Turn) -> list[tuple[Choice, ...]]:
    """The ways on from a list of announcements."""
    return [(turn.choice("announce.new", "!umumkan"),), (turn.choice("common.menu", "!menu"),)]


async def _open(turn: Turn, argument: str) -> None:
    """One announcement with its figures and the reasons behind them."""
    one, _ = await _theirs(turn, argument)
    await _show(turn, one)


async def _stop(turn: Turn, argument: str) -> None:
    """Call off what has not left."""
    one, _ = await _theirs(turn, argument)
    try:
        await announcing.stop(turn.tx, one, by=turn.caller.person_id, now=turn.now)
    except Refused as refused:
        await _instead(turn, one, refused)
        return
    stopped = await announcements.get(turn.tx, one.id)
    assert stopped is not None
    await _show(turn, stopped)


async def _again(turn: Turn, argument: str) -> None:
    """Warn before the uncertain are written to again."""
    one, reach = await _theirs(turn, argument)
    _check(reach, one)
    try:
        n = await announcing.repeatable(turn.tx, one)
    except Refused as refused:
        await _instead(turn, one, refused)
        return
    plan = await announcing.plan(
        turn.tx, one.audience, n, zone=turn.house.zone, now=turn.now, again=True
    )
    zone = await announcing.home(turn.tx, one.audience, turn.house.zone)
    language = turn.caller.language
    parts = [turn.say("announcements.warning", number=one.id, n=number(language, n))]
    if plan.why:
        at = moment(plan.at, zone, language)
        parts += [plain("\n\n"), turn.say("announce.when_quiet", at=at)]
    turn.amend(
        joined(*parts),
        (
            (turn.choice("announcements.again_yes", f"!annyes:{one.id}"),),
            (turn.choice("common.back", f"!ann:{one.id}"),),
        ),
    )


async def _again_yes(turn: Turn, argument: str) -> None:
    """Write to the uncertain again, as a new announcement with a list of its own."""
    one, reach = await _theirs(turn, argument)
    _check(reach, one)
    try:
        n = await announcing.repeatable(turn.tx, one)
    except Refused as refused:
        await _instead(turn, one, refused)
        return
    plan = await announcing.plan(
        turn.tx, one.audience, n, zone=turn.house.zone, now=turn.now, again=True
    )
    announcement_id = await announcing.create(
        turn.tx,
        author_id=turn.caller.person_id,
        audience=one.audience,
        text=one.text,
        sender=one.sender,
        sheets=announced.sheets(
            turn.house, sender=one.sender, text=one.text, audience=one.audience
        ),
        plan=plan,
        zone=turn.house.zone,
        now=turn.now,
        resend_of=one.id,
    )
    turn.amend(turn.say("announcements.repeated", number=one.id, again=announcement_id))
    await tell_progress(turn, announcement_id)


async def _instead(turn: Turn, one: Written, refused: Refused) -> None:
    """Say briefly why not, and show where the announcement stands."""
    turn.toast = flat(turn.say(refused.key, **refused.values))
    await _show(turn, one)


async def _theirs(turn: Turn, argument: str) -> tuple[Written, Scope]:
    """An announcement this admin may see: her own, or any if she is in charge of everything."""
    reach = await scope(turn.tx, turn.caller.person_id)
    known = argument.isdecimal() and len(argument) < 19
    one = await announcements.get(turn.tx, int(argument)) if known else None
    if one is None or not (reach.whole or one.author_id == turn.caller.person_id):
        raise Refused("announcements.unknown")
    return one, reach


def _check(reach: Scope, one: Written) -> None:
    """Whether its audience (still) lies within what this admin is in charge of."""
    if announcing.unit_of(one.audience) not in reach:
        raise Refused("announce.out_of_scope")


async def _show(turn: Turn, one: Written) -> None:
    figures = announcing.figures(await recipients.states(turn.tx, one.id))
    body = announced.progress(
        turn.house,
        turn.caller.language,
        one,
        figures,
        await recipients.reasons(turn.tx, one.id),
        now=turn.now,
        zone=await announcing.home(turn.tx, one.audience, turn.house.zone),
        more=(
            turn.choice("announcements.refresh", f"!ann:{one.id}"),
            turn.choice("announcements.all", "!pengumuman"),
        ),
    )
    turn.amend(
        joined(body.text, plain("\n\n"), turn.say("announcements.text", text=one.text)), body.rows
    )


def _beginning(text: str) -> str:
    """The first words of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= 50 else line[:49].rstrip() + "…"


STEPS: tuple[Step, ...] = ()
COMMANDS = (Command("pengumuman", _list, also=("announcements",), role="admin"),)
BUTTONS = (
    Button("ann", _open, role="admin"),
    Button("annstop", _stop, role="admin"),
    Button("annagain", _again, role="admin"),
    Button("annyes", _again_yes, role="admin"),
)
