"""A training session in words: the invitation, the reminders, the confirmation, the notice."""

from __future__ import annotations

from handlers import moments
from handlers.turn import House
from storage.training import Training
from talk.messages import Choice, Outbound
from talk.text import Text, flat, joined, plain


def message(house: House, language: str, session: Training, kind: str, answer: str) -> Outbound:
    """What is sent for one kind of occurrence ("invite", "h7", "h1", "hour", "cancelled")."""
    facts = about(house, language, session)
    if kind == "cancelled":
        return Outbound(joined(house.say(language, "training.cancelled"), plain("\n\n"), facts))
    if kind == "hour":
        lead = house.say(language, "training.soon")
    elif kind == "invite":
        lead = house.say(language, "training.invitation")
    else:
        lead = house.say(language, "training.reminder")
    text = joined(lead, plain("\n\n"), facts, plain("\n\n"), _state(house, language, answer))
    return Outbound(text, (buttons(house, language, session, answer),))


def confirmation(house: House, language: str, session: Training, answer: str) -> Outbound:
    """What stands in the place of the message that was answered; it can be changed."""
    text = joined(about(house, language, session), plain("\n\n"), _state(house, language, answer))
    return Outbound(text, (buttons(house, language, session, answer),))


def about(house: House, language: str, session: Training) -> Text:
    """What, when and where."""
    return house.say(
        language,
        "training.about",
        title=session.title,
        when=moments.moment(session.starts_at, session.zone, language),
        place=session.place,
    )


def buttons(
    house: House, language: str, session: Training, answer: str, *, mark: str = "", list_: str = ""
) -> tuple[Choice, ...]:
    """The answers that are left; `mark` goes before the labels, `list_` names the list."""
    key_yes = "training.button_change_yes" if answer else "training.button_yes"
    key_no = "training.button_change_no" if answer else "training.button_no"
    found = []
    if answer != "yes":
        label = flat(house.say(language, key_yes))
        found.append(Choice(mark + label, f"!hadir:{session.id}:yes{list_}"))
    if answer != "no":
        label = flat(house.say(language, key_no))
        found.append(Choice(mark + label, f"!hadir:{session.id}:no{list_}"))
    return tuple(found)


def _state(house: House, language: str, answer: str) -> Text:
    if answer == "yes":
        return house.say(language, "training.you_come")
    if answer == "no":
        return house.say(language, "training.you_do_not")
    return house.say(language, "training.will_you")


def state(house: House, language: str, answer: str) -> Text:
    """One word for a list: comes, does not, not answered."""
    if answer == "yes":
        return house.say(language, "training.list_yes")
    if answer == "no":
        return house.say(language, "training.list_no")
    return house.say(language, "training.list_open")
