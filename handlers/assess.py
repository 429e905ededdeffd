"""Self-assessment: nine competences with described levels, resumable, and the gaps at the end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from babel.numbers import format_decimal

from content import PositionGroup
from domain import assessment
from domain.assessment import Gap
from handlers import joining, moments
from handlers.offer import offer
from handlers.questionnaire import Questionnaire
from handlers.sheets import BACK, SUMMARY, listed, said
from handlers.steps import Command, Gone, Heard, Step
from handlers.turn import Turn
from talk.messages import Choice, Outbound
from talk.text import Text, flat, joined, plain

ASSESSMENT = Questionnaire("assess", ("assess",), keep=timedelta(days=14))


async def _begin(turn: Turn, _: str) -> None:
    """`/nilai_diri`: go on with what was begun, else tell what it is about."""
    servant = await joining.me(turn)
    if not _group(turn, servant.position_group):
        joining.ask(turn, "join.group", then="assess.intro")
    elif await ASSESSMENT.alive(turn):
        turn.go("assess.resume")
    else:
        turn.go("assess.intro")


def _group(turn: Turn, key: str) -> PositionGroup | None:
    return next((group for group in turn.house.bank.groups if group.key == key), None)


# --- before ---------------------------------------------------------------------------------


async def _show_intro(turn: Turn) -> Outbound:
    servant = await joining.me(turn)
    group = _group(turn, servant.position_group)
    if group is None:
        raise Gone
    total = len(turn.house.bank.instruments["assess"].items)
    text = turn.say("assess.intro", total=total, group=turn.local(group.name))
    rows = [
        (turn.choice("assess.button_begin", "begin"),),
        (turn.choice("assess.button_group", "group"),),
    ]
    if await assessment.last(turn.tx, servant.person_id) is not None:
        rows.append((turn.choice("assess.button_last", "last"),))
    return Outbound(text, (*rows, (_menu(turn),)))


async def _take_intro(turn: Turn, heard: Heard) -> None:
    if heard.value == "group":
        joining.ask(turn, "join.group", then="assess.intro")
    elif heard.value == "last":
        await _say_last(turn)
    else:
        await _start_anew(turn)


async def _start_anew(turn: Turn) -> None:
    servant = await joining.me(turn)
    ASSESSMENT.begin(turn)["group"] = servant.position_group
    ASSESSMENT.proceed(turn)


async def _show_resume(turn: Turn) -> Outbound:
    draft = ASSESSMENT.held(turn)
    sheet = await ASSESSMENT.sheet(turn, draft["versions"])
    done = len(draft["answers"])
    text = turn.say("assess.resume", done=done, total=len(sheet.items))
    rows = (
        (turn.choice("assess.button_resume", "resume"),),
        (turn.choice("assess.button_anew", "anew"),),
        (_menu(turn),),
    )
    return Outbound(text, rows)


async def _take_resume(turn: Turn, heard: Heard) -> None:
    if heard.value == "anew":
        await _start_anew(turn)
    else:
        ASSESSMENT.proceed(turn)


async def _show_item(turn: Turn) -> Outbound:
    return await ASSESSMENT.show(turn, _menu(turn))


def _menu(turn: Turn) -> Choice:
    """The way to everything else; a draft stays as it is."""
    return turn.choice("common.menu", "!menu")


# --- all answers ----------------------------------------------------------------------------


async def _show_summary(turn: Turn) -> Outbound:
    draft = ASSESSMENT.held(turn)
    sheet = await ASSESSMENT.sheet(turn, draft["versions"])
    text = joined(turn.say("assess.summary"), plain("\n"), listed(turn, sheet, draft))
    rows = (
        (turn.choice("assess.button_finish", "finish"),),
        (turn.choice("common.change", "change"),),
    )
    return Outbound(text, rows)


async def _take_summary(turn: Turn, heard: Heard) -> None:
    if heard.value == "change":
        turn.go("assess.which")
        return
    draft = ASSESSMENT.held(turn)
    await assessment.finish(
        turn.tx,
        turn.caller.person_id,
        version=draft["versions"]["assess"],
        position_group=draft["group"],
        levels=draft["answers"],
        now=turn.now,
    )
    turn.drop(ASSESSMENT.name)
    await _say_last(turn)


async def _show_which(turn: Turn) -> Outbound:
    draft = ASSESSMENT.held(turn)
    rows = [
        (Choice(f"{turn.local(item.name)}: {said(turn, item, draft)}", item.key),)
        for item in (await ASSESSMENT.sheet(turn, draft["versions"])).items
    ]
    rows.append((turn.choice("common.back", BACK),))
    return Outbound(turn.say("assess.which"), tuple(rows))


async def _take_which(turn: Turn, heard: Heard) -> None:
    if heard.value == BACK:
        ASSESSMENT.turn_to(turn, SUMMARY)
    else:
        ASSESSMENT.turn_to(turn, heard.value, edit=True)


# --- the result -----------------------------------------------------------------------------


async def _say_last(turn: Turn) -> None:
    """Levels beside those expected, the largest gaps, and where to go from here."""
    found = await assessment.last(turn.tx, turn.caller.person_id)
    group = None if found is None else _group(turn, found.position_group)
    if found is None or group is None:
        raise Gone
    items = (await ASSESSMENT.sheet(turn, {"assess": found.version})).items
    names = {item.key: turn.local(item.name) for item in items}
    in_order = {item.key: found.levels[item.key] for item in items}
    outcome = assessment.outcome(in_order, group.required)
    zone = joining.zone_of(turn, await joining.me(turn))
    parts = [
        turn.say(
            "assess.result",
            when=moments.moment(found.finished_at, zone, turn.caller.language),
            group=turn.local(group.name),
            note=turn.local(group.note),
        ),
        plain("\n"),
        *(_line(turn, number, names, gap) for number, gap in enumerate(outcome.gaps, 1)),
        plain("\n\n"),
        turn.say("assess.match", match=_percent(outcome.match, turn.caller.language)),
        plain("\n\n"),
        *_largest(turn, names, outcome.largest),
        plain("\n\n"),
        turn.say("assess.not_official"),
    ]
    offer(
        turn,
        joined(*parts),
        [turn.choice("assess.button_learn", "!belajar")],
        [_menu(turn)],
    )


def _line(turn: Turn, number: int, names: dict[str, str], gap: Gap) -> Text:
    words = turn.say(
        "assess.line",
        number=number,
        name=names[gap.item],
        actual=gap.actual,
        required=gap.required,
    )
    return joined(plain("\n"), words)


def _largest(turn: Turn, names: dict[str, str], gaps: tuple[Gap, ...]) -> list[Text]:
    if not gaps:
        return [turn.say("assess.no_gap")]
    found = [turn.say("assess.largest")]
    for gap in gaps:
        words = turn.say(
            "assess.gap",
            name=names[gap.item],
            missing=gap.missing,
            priority=_priority(turn, gap.priority),
        )
        found += [plain("\n"), words]
    return found


def _priority(turn: Turn, priority: int) -> str:
    if priority >= 3:
        return flat(turn.say("assess.priority_high"))
    if priority == 2:
        return flat(turn.say("assess.priority_middle"))
    return flat(turn.say("assess.priority_low"))


def _percent(value: Decimal, language: str) -> str:
    locale = "en_GB" if language == "en" else "id_ID"
    return format_decimal(value, format="#,##0.00", locale=locale)


STEPS = (
    Step("assess.intro", _show_intro, _take_intro, role="staff"),
    Step("assess.resume", _show_resume, _take_resume, role="staff"),
    Step("assess.item", _show_item, ASSESSMENT.take, role="staff"),
    Step("assess.summary", _show_summary, _take_summary, role="staff"),
    Step("assess.which", _show_which, _take_which, role="staff"),
)
COMMANDS = (Command("nilai_diri", _begin, role="staff"),)
BUTTONS = ()
