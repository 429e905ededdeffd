"""Writing an announcement: text, audience, a look at it as it will be sent, agreement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain import announcing
from domain.announcing import PACE, Plan
from domain.errors import Refused
from domain.scope import Scope, scope
from handlers import announced, units
from handlers.moments import moment
from handlers.offer import offer
from handlers.steps import Button, Command, Gone, Heard, Step
from handlers.turn import Turn
from handlers.wording import duration, number
from storage import announcements, recipients
from talk.messages import Choice, Outbound
from talk.text import Text, flat, joined, plain

_PARAGRAPH = plain("\n\n")
_RULE = plain("\n· · · · · · · · · ·\n")


async def begin(turn: Turn, _: str) -> None:
    """Start a new announcement; an unfinished one is forgotten."""
    turn.drop("announce")
    turn.note("announce")
    turn.go("announce.text")


def _draft(turn: Turn, *needed: str) -> dict[str, Any]:
    """The draft, with everything a step needs in it. Raises Gone."""
    draft = turn.noted("announce")
    if draft is None or any(name not in draft for name in needed):
        raise Gone
    return draft


async def _reach(turn: Turn) -> Scope:
    return await scope(turn.tx, turn.caller.person_id)


def _cancel(turn: Turn) -> None:
    turn.drop("announce")
    offer(turn, turn.say("common.cancelled"), [turn.choice("common.menu", "!menu")])


# --- the text -------------------------------------------------------------------------------


async def _show_text(turn: Turn) -> Outbound:
    _draft(turn)
    limit = number(turn.caller.language, announcing.LONGEST)
    return Outbound(
        turn.say("announce.ask_text", limit=limit), ((turn.choice("common.cancel", "cancel"),),)
    )


async def _take_text(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn)
    if heard.value == "cancel":
        _cancel(turn)
        return
    draft["text"] = announcing.checked(heard.text)
    if "audience" in draft:
        await _for(turn, draft["audience"])
    else:
        await _ask_whom(turn)


# --- the audience ---------------------------------------------------------------------------


async def _ask_whom(turn: Turn) -> None:
    """Ask for the audience; who is in charge of a branch only can choose within it."""
    draft = _draft(turn, "text")
    draft.pop("at", None)
    turn.go("announce.audience" if (await _reach(turn)).whole else "announce.unit")


async def _show_audience(turn: Turn) -> Outbound:
    _draft(turn, "text")
    reach = await _reach(turn)
    rows: list[tuple[Choice, ...]] = []
    if reach.whole:
        rows.append((turn.choice("announce.to_citizens", "citizens"),))
        rows.append((turn.choice("announce.to_staff", "staff"),))
    if reach.units:
        rows.append((turn.choice("announce.to_unit", "unit"),))
    rows.append((turn.choice("common.cancel", "cancel"),))
    return Outbound(turn.say("announce.ask_audience"), tuple(rows))


async def _take_audience(turn: Turn, heard: Heard) -> None:
    _draft(turn, "text")
    if heard.value == "cancel":
        _cancel(turn)
    elif heard.value == "unit":
        turn.go("announce.unit")
    else:
        await _for(turn, heard.value)


async def _show_unit(turn: Turn) -> Outbound:
    draft = _draft(turn, "text")
    rows = units.choices(turn, await _reach(turn), draft)
    return Outbound(
        turn.say("announce.ask_unit"), (*rows, (turn.choice("common.cancel", "cancel"),))
    )


async def _take_unit(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn, "text")
    if heard.value == "cancel":
        _cancel(turn)
        return
    unit_id = units.chosen(await _reach(turn), draft, heard.value)
    if unit_id is None:
        turn.go("announce.unit")
    else:
        await _for(turn, f"unit:{unit_id}")


async def _for(turn: Turn, audience: str) -> None:
    """Keep the audience, count it, see when it can go, and show all that."""
    draft = _draft(turn, "text")
    await _check_scope(turn, audience)
    n = await recipients.reach(turn.tx, audience)
    if n == 0:
        raise Refused("announce.nobody")
    draft["audience"] = audience
    draft["n"] = n
    draft["language"] = turn.caller.language
    _keep(draft, await _plan(turn, audience, n))
    turn.go("announce.confirm")


async def _check_scope(turn: Turn, audience: str) -> Scope:
    reach = await _reach(turn)
    if announcing.unit_of(audience) not in reach:
        raise Refused("announce.out_of_scope")
    return reach


async def _plan(turn: Turn, audience: str, n: int) -> Plan:
    return await announcing.plan(turn.tx, audience, n, zone=turn.house.zone, now=turn.now)


def _keep(draft: dict[str, Any], plan: Plan) -> None:
    goes_on = None if plan.goes_on is None else plan.goes_on.isoformat()
    draft["plan"] = [plan.at.isoformat(), plan.why, goes_on]


def _kept(draft: dict[str, Any]) -> Plan:
    at, why, goes_on = draft["plan"]
    return Plan(
        datetime.fromisoformat(at),
        why,
        None if goes_on is None else datetime.fromisoformat(goes_on),
    )


# --- the look at it -------------------------------------------------------------------------


async def _show_confirm(turn: Turn) -> Outbound:
    draft = _draft(turn, "text", "audience", "plan")
    reach = await _reach(turn)
    language = turn.caller.language
    shown = announced.sheet(
        turn.house,
        draft["language"],
        sender=reach.name,
        text=draft["text"],
        audience=draft["audience"],
    )
    other = "id" if draft["language"] == "en" else "en"
    text = joined(
        turn.say(
            "announce.confirm",
            audience=announced.audience_name(turn.house, language, draft["audience"], reach),
            n=number(language, draft["n"]),
        ),
        plain("\n"),
        await _when(turn, draft),
        _PARAGRAPH,
        turn.say("announce.preview"),
        _RULE,
        shown.text,
        _RULE,
    )
    preview = "announce.see_english" if other == "en" else "announce.see_indonesian"
    rows = (
        (turn.choice("announce.send", "send"),),
        (turn.choice("announce.test", "test"), turn.choice(preview, f"see:{other}")),
        (turn.choice("announce.change_text", "text"), turn.choice("announce.change_to", "to")),
        (turn.choice("common.cancel", "cancel"),),
    )
    return Outbound(text, rows)


async def _when(turn: Turn, draft: dict[str, Any]) -> Text:
    """When it goes, why not now, how long it takes, and what happens at nightfall."""
    plan, language = _kept(draft), turn.caller.language
    zone = await announcing.home(turn.tx, draft["audience"], turn.house.zone)
    at = moment(plan.at, zone, language)
    if plan.why == "cap":
        parts = [turn.say("announce.when_cap", at=at)]
    elif plan.why:
        parts = [turn.say("announce.when_quiet", at=at)]
    else:
        parts = [turn.say("announce.when_now")]
    lasting = duration(turn.house, language, draft["n"] / PACE)
    parts += [plain("\n"), turn.say("announce.lasts", duration=lasting)]
    if plan.goes_on is not None:
        rest = moment(plan.goes_on, zone, language)
        parts += [plain("\n"), turn.say("announce.goes_on", at=rest)]
    return joined(*parts)


async def _take_confirm(turn: Turn, heard: Heard) -> None:
    draft = _draft(turn, "text", "audience", "plan")
    what, _, which = heard.value.partition(":")
    if what == "cancel":
        _cancel(turn)
    elif what == "text":
        turn.go("announce.text")
    elif what == "to":
        await _ask_whom(turn)
    elif what == "see":
        draft["language"] = which
        turn.go("announce.confirm")
    elif what == "test":
        await _test(turn, draft)
    else:
        await _send(turn, draft)


async def _test(turn: Turn, draft: dict[str, Any]) -> None:
    """Send it to the author alone, in the language being looked at."""
    reach = await _check_scope(turn, draft["audience"])
    turn.send(
        announced.sheet(
            turn.house,
            draft["language"],
            sender=reach.name,
            text=draft["text"],
            audience=draft["audience"],
        )
    )
    turn.toast = flat(turn.say("announce.tested"))
    turn.go("announce.confirm")


async def _send(turn: Turn, draft: dict[str, Any]) -> None:
    """Agree to it, if it would still go when the author was told."""
    audience, text = draft["audience"], draft["text"]
    reach = await _check_scope(turn, audience)
    n = await recipients.reach(turn.tx, audience)
    if n == 0:
        raise Refused("announce.nobody")
    plan = await _plan(turn, audience, n)
    if not plan.same(_kept(draft)):
        draft["n"] = n
        _keep(draft, plan)
        raise Refused("announce.changed")
    announcement_id = await announcing.create(
        turn.tx,
        author_id=turn.caller.person_id,
        audience=audience,
        text=text,
        sender=reach.name,
        sheets=announced.sheets(turn.house, sender=reach.name, text=text, audience=audience),
        plan=plan,
        zone=turn.house.zone,
        now=turn.now,
    )
    turn.drop("announce")
    turn.rest()
    turn.prompt(turn.say("announce.agreed", number=announcement_id, text=text))
    await tell_progress(turn, announcement_id)


async def tell_progress(turn: Turn, announcement_id: int) -> None:
    """Open the message in which the author will see how far it is."""
    one = await announcements.get(turn.tx, announcement_id)
    assert one is not None
    zone = await announcing.home(turn.tx, one.audience, turn.house.zone)
    body = announced.progress(
        turn.house,
        turn.caller.language,
        one,
        announcing.Figures(),
        {},
        now=turn.now,
        zone=zone,
    )
    await announcements.change(
        turn.tx, announcement_id, progress="@" + turn.send(body), reported_at=turn.now
    )


STEPS = (
    Step("announce.text", _show_text, _take_text, free=True, role="admin"),
    Step("announce.audience", _show_audience, _take_audience, role="admin"),
    Step("announce.unit", _show_unit, _take_unit, role="admin"),
    Step("announce.confirm", _show_confirm, _take_confirm, role="admin"),
)
COMMANDS = (Command("umumkan", begin, also=("announce",), role="admin"),)
BUTTONS: tuple[Button, ...] = ()
