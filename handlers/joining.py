"""Joining the office: an invitation is shown, accepted or declined, and a few things are asked."""

from __future__ import annotations

from datetime import time, timedelta

from domain import joining, learning
from domain.errors import Refused
from domain.joining import Expired, Unknown, Used
from handlers import moments
from handlers.offer import offer
from handlers.steps import Command, Gone, Heard, Step
from handlers.turn import Turn
from storage import outbox, roles, staff
from storage.staff import Offer, Servant
from talk.messages import Choice, Lane, Outbound, Parcel
from talk.text import flat

NOTES = "join"
_WRONG = "join_wrong"
_AN_HOUR = timedelta(hours=1)
_PAGE = 6  # position groups on one screen


async def start(turn: Turn, code: str) -> None:
    """Somebody opened an invitation: show what it offers, or say kindly why not.

    `code` follows the "i" of the start payload. Raises Refused for one that opens nothing (any
    more), and for too many of them.
    """
    _refuse_guessing(turn)
    mark = joining.digest(turn.house.keys, code)
    try:
        offer = await joining.look(turn.tx, mark, turn.caller.person_id, turn.now)
    except (Unknown, Expired):
        _count_wrong(turn)
        raise
    except Used as used:
        if used.by != turn.caller.person_id:
            _count_wrong(turn)
            await _warn_owner(turn, used, mark)
        raise
    if any(held == (offer.role, offer.unit_id) for held in await turn.roles()):
        raise Refused("join.have_it", unit=_unit(turn, offer))
    turn.note(NOTES)["mark"] = mark.hex()
    turn.go("join.offer")


# --- guessing and passing on ----------------------------------------------------------------


def _refuse_guessing(turn: Turn) -> None:
    wrong = turn.noted(_WRONG)
    if wrong and len(_lately(turn, wrong["at"])) >= joining.WRONG_PER_HOUR:
        raise Refused("join.too_many")


def _count_wrong(turn: Turn) -> None:
    note = turn.note(_WRONG, keep=_AN_HOUR)
    note["at"] = [*_lately(turn, note.get("at", [])), int(turn.now.timestamp())]


def _lately(turn: Turn, at: list[int]) -> list[int]:
    return [one for one in at if one > (turn.now - _AN_HOUR).timestamp()]


async def _warn_owner(turn: Turn, used: Used, mark: bytes) -> None:
    """Tell who used the invitation, once, that somebody else has tried it."""
    reached = (await roles.reach(turn.tx, [used.by])).get(used.by)
    if reached is not None:
        text = turn.house.say(reached.language, "join.tried_by_another")
        cause = f"join:tried:{mark.hex()[:32]}"
        parcel = Parcel(cause, reached.address_id, Outbound(text), lane=Lane.SECURITY)
        await outbox.put(turn.tx, [parcel], at=turn.now)


# --- the offer ------------------------------------------------------------------------------


async def _offer(turn: Turn) -> Offer:
    note = turn.noted(NOTES)
    if not note or "mark" not in note:
        raise Gone
    mark = bytes.fromhex(note["mark"])
    try:
        return await joining.look(turn.tx, mark, turn.caller.person_id, turn.now)
    except Refused as refused:
        raise Gone from refused


async def _show_offer(turn: Turn) -> Outbound:
    offer = await _offer(turn)
    unit = _unit(turn, offer)
    if offer.role == "admin":
        text = turn.say("join.offer_admin", unit=unit)
    else:
        text = turn.say("join.offer_staff", unit=unit)
    accept = turn.choice("join.button_accept", "accept", "ya", "setuju", "yes")
    decline = turn.choice("join.button_decline", "decline", "tidak", "no")
    return Outbound(text, ((accept,), (decline,)))


async def _take_offer(turn: Turn, heard: Heard) -> None:
    offer = await _offer(turn)
    turn.drop(NOTES)
    turn.rest()
    if heard.value == "decline":
        turn.prompt(turn.say("join.declined"), [[turn.choice("common.menu", "!menu")]])
        return
    await joining.accept(turn.tx, offer.hash, turn.caller.person_id, turn.now)
    await _ask_next(turn)


def _unit(turn: Turn, offer: Offer) -> str:
    return offer.unit_name or flat(turn.say("join.whole_government"))


# --- what a newcomer is asked ---------------------------------------------------------------


async def me(turn: Turn) -> Servant:
    """The civil servant who speaks. Raises Gone when she is none."""
    found = await staff.servant(turn.tx, turn.caller.person_id)
    if found is None:
        raise Gone
    return found


def zone_of(turn: Turn, servant: Servant) -> str:
    """The zone in which the civil servant works."""
    return servant.zone or turn.house.zone


async def _ask_next(turn: Turn) -> None:
    """Ask for the first thing not known yet, or say that all is well."""
    if then := (turn.noted(NOTES) or {}).get("then"):
        turn.drop(NOTES)
        turn.go(then)
        return
    servant = await me(turn)
    works = await turn.may("staff")
    if not servant.name:
        turn.go("join.name")
    elif works and not servant.position_group:
        turn.go("join.group")
    elif works and servant.lesson_hour is None and (turn.noted(NOTES) or {}).get("hour") is None:
        turn.go("join.hour")
    else:
        _welcome(turn, servant, works=works)


def _welcome(turn: Turn, servant: Servant, *, works: bool) -> None:
    turn.drop(NOTES)
    rows = [[turn.choice("common.menu", "!menu")]]
    if works:
        rows.insert(0, [turn.choice("join.button_assess", "!nilai_diri")])
        rows.insert(1, [turn.choice("join.button_learn", "!belajar")])
    offer(turn, turn.say("join.welcome", name=servant.name), *rows)


async def _show_name(turn: Turn) -> Outbound:
    return Outbound(turn.say("join.ask_name"))


async def _take_name(turn: Turn, heard: Heard) -> None:
    servant = await me(turn)
    await staff.set_name(turn.tx, servant.person_id, joining.clean_name(heard.text))
    await _ask_next(turn)


async def _show_group(turn: Turn) -> Outbound:
    groups = turn.house.bank.groups
    page = (turn.noted(NOTES) or {}).get("page", 0)
    shown = groups[page * _PAGE : (page + 1) * _PAGE]
    rows: list[tuple[Choice, ...]] = [
        (Choice(turn.local(group.name), group.key),) for group in shown
    ]
    move: list[Choice] = []
    if page:
        move.append(turn.choice("join.button_previous", "<"))
    if (page + 1) * _PAGE < len(groups):
        move.append(turn.choice("join.button_more", ">"))
    if move:
        rows.append(tuple(move))
    return Outbound(turn.say("join.ask_group"), tuple(rows))


async def _take_group(turn: Turn, heard: Heard) -> None:
    servant = await me(turn)
    if heard.value in ("<", ">"):
        note = turn.note(NOTES)
        note["page"] = note.get("page", 0) + (1 if heard.value == ">" else -1)
        turn.go("join.group")
        return
    await staff.set_position(turn.tx, servant.person_id, heard.value)
    await _ask_next(turn)


def hour_choices(turn: Turn) -> tuple[tuple[Choice, ...], ...]:
    """The hours at which lessons may be had."""
    choices = [
        Choice(
            moments.hour(time(hour), turn.caller.language),
            f"h{hour}",
            (
                str(hour),
                f"{hour:02}",
                f"jam {hour}",
                f"pukul {hour}",
                f"{hour}.00",
                f"{hour:02}.00",
            ),
        )
        for hour in learning.HOURS
    ]
    return tuple(tuple(choices[at : at + 4]) for at in range(0, len(choices), 4))


async def _show_hour(turn: Turn) -> Outbound:
    none = turn.choice("join.button_no_lessons", "none", "tidak", "no")
    return Outbound(turn.say("join.ask_hour"), (*hour_choices(turn), (none,)))


async def _take_hour(turn: Turn, heard: Heard) -> None:
    await take_hour(turn, heard)
    turn.note(NOTES)["hour"] = heard.value
    await _ask_next(turn)


async def take_hour(turn: Turn, heard: Heard) -> None:
    """Keep the hour that was chosen. Raises Refused for words that are no hour offered."""
    if not heard.value:
        raise Refused("join.hour_unclear")
    servant = await me(turn)
    hour = None if heard.value == "none" else int(heard.value[1:])
    await learning.set_hour(
        turn.tx, servant.person_id, hour, zone=zone_of(turn, servant), now=turn.now
    )


# --- seeing and correcting it later ---------------------------------------------------------


async def _profile(turn: Turn, _: str) -> None:
    turn.drop(NOTES)
    turn.go("join.profile")


async def _show_profile(turn: Turn) -> Outbound:
    servant = await me(turn)
    names = {group.key: turn.local(group.name) for group in turn.house.bank.groups}
    text = turn.say(
        "join.profile",
        name=servant.name or "–",
        unit=servant.unit_name or flat(turn.say("join.whole_government")),
        group=names.get(servant.position_group, "–"),
    )
    rows = [(turn.choice("join.button_change_name", "name"),)]
    rows.append((turn.choice("join.button_change_group", "group"),))
    rows.append((turn.choice("common.menu", "!menu"),))
    return Outbound(text, tuple(rows))


async def _take_profile(turn: Turn, heard: Heard) -> None:
    ask(turn, "join.name" if heard.value == "name" else "join.group", then="join.profile")


def ask(turn: Turn, step: str, *, then: str) -> None:
    """Ask one thing again, and go to the step `then` afterwards."""
    turn.note(NOTES).update(page=0, then=then)
    turn.go(step)


STEPS = (
    Step("join.offer", _show_offer, _take_offer),
    Step("join.name", _show_name, _take_name, free=True),
    Step("join.group", _show_group, _take_group, role="staff"),
    # Free, so that a typed "9" means nine o'clock and not the ninth choice.
    Step("join.hour", _show_hour, _take_hour, free=True, role="staff"),
    Step("join.profile", _show_profile, _take_profile, role="staff"),
)
COMMANDS = (Command("profil", _profile, role="staff", listed=False),)
BUTTONS = ()
