"""What is shown of an announcement: the message itself, how far it is, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.announcing import Figures
from domain.scope import Scope
from handlers.moments import moment
from handlers.turn import House
from handlers.wording import number
from storage.announcements import Written
from talk.messages import Choice, Outbound
from talk.text import Text, flat, joined, plain

Reasons = Mapping[tuple[str, str], int]

_BREAK = plain("\n")
_PARAGRAPH = plain("\n\n")


def sheet(house: House, language: str, *, sender: str, text: str, audience: str) -> Outbound:
    """The message exactly as it is sent to people who read `language`."""
    who: str | Text = sender or flat(house.say(language, "announce.sender"))
    if audience == "citizens":
        return Outbound(house.say(language, "announce.sheet_citizens", sender=who, text=text))
    return Outbound(house.say(language, "announce.sheet_staff", sender=who, text=text))


def sheets(house: House, *, sender: str, text: str, audience: str) -> dict[str, Outbound]:
    """The message in every language there is."""
    return {
        language: sheet(house, language, sender=sender, text=text, audience=audience)
        for language in house.bank.languages
    }


def audience_name(house: House, language: str, audience: str, scope: Scope) -> Text:
    """Whom an announcement is for, in words."""
    if audience == "citizens":
        return house.say(language, "announce.for_citizens")
    if audience == "staff":
        return house.say(language, "announce.for_staff")
    unit = scope.units.get(int(audience.removeprefix("unit:")))
    return house.say(language, "announce.for_unit", unit=unit.name if unit else "?")


def _standing(
    house: House, language: str, one: Written, found: Figures, now: datetime, zone: str
) -> Text:
    """In one sentence, where an announcement stands."""
    if one.state == "stopped":
        if one.finished_at is None and found.left:
            return house.say(language, "announcements.stopping")
        return house.say(language, "announcements.stopped")
    if one.state == "done":
        return house.say(language, "announcements.done")
    waits = one.not_before is not None and one.not_before > now
    when = moment(one.not_before, zone, language) if one.not_before is not None else ""
    if one.state == "frozen":
        preparing = house.say(language, "announcements.preparing")
        if not waits:
            return preparing
        return joined(
            house.say(language, "announcements.waiting", when=when), _PARAGRAPH, preparing
        )
    if waits and found.sent:
        return house.say(language, "announcements.paused", when=when)
    if waits:
        return house.say(language, "announcements.waiting", when=when)
    return house.say(language, "announcements.sending")


def progress(
    house: House,
    language: str,
    one: Written,
    found: Figures,
    reasons: Reasons,
    *,
    now: datetime,
    zone: str,
    more: tuple[Choice, ...] = (),
) -> Outbound:
    """The message that tells the author how far it is, with what she can do about it.

    `more` is offered while it is not finished; afterwards there are the ways on from it.
    """

    def shown(n: int) -> str:
        return number(language, n)

    title = house.say(language, "announcements.title", number=one.id)
    parts = [title, _BREAK, _standing(house, language, one, found, now, zone)]
    if one.state != "frozen":  # until then nobody knows how many there are
        figures = house.say(
            language,
            "announcements.figures",
            sent=shown(found.sent),
            total=shown(one.recipients),
            failed=shown(found.failed),
            uncertain=shown(found.uncertain),
            left=shown(found.left),
        )
        parts += [_PARAGRAPH, figures]
    if found.expired or found.cancelled:
        parts += [
            _BREAK,
            house.say(
                language,
                "announcements.never_left",
                n=shown(found.expired + found.cancelled),
            ),
        ]
    if lines := _why(house, language, reasons):
        parts += [_PARAGRAPH, house.say(language, "announcements.why"), *lines]
    return Outbound(joined(*parts), _ways(house, language, one, found, more))


def _ways(
    house: House, language: str, one: Written, found: Figures, more: tuple[Choice, ...]
) -> tuple[tuple[Choice, ...], ...]:
    """What can be done about an announcement, or after it."""

    def labelled(key: str, value: str) -> Choice:
        return Choice(flat(house.say(language, key)), value)

    rows: list[tuple[Choice, ...]] = []
    if one.finished_at is None:
        if one.state in ("frozen", "sending"):
            rows.append((labelled("announcements.stop", f"!annstop:{one.id}"),))
        return (*rows, *((choice,) for choice in more))
    if found.uncertain:
        rows.append((labelled("announcements.again", f"!annagain:{one.id}"),))
    rows.append((labelled("announce.new", "!umumkan"),))
    rows.append((labelled("announcements.all", "!pengumuman"),))
    rows.append((labelled("common.menu", "!menu"),))
    return tuple(rows)


def _why(house: House, language: str, reasons: Reasons) -> list[Text]:
    """One line for each reason for which people did not (surely) get it, most frequent first."""
    found: dict[Text, int] = {}
    for (state, error), n in reasons.items():
        if (reason := _reason(house, language, state, error)) is not None:
            found[reason] = found.get(reason, 0) + n
    return [
        joined(
            plain("\n• "),
            house.say(language, "announcements.reason", n=number(language, n), reason=reason),
        )
        for reason, n in sorted(found.items(), key=lambda item: -item[1])
    ]


def _reason(house: House, language: str, state: str, error: str) -> Text | None:
    """What a person understands of a state and the platform's words; None where all is well."""
    said = error.casefold()
    match state:
        case "uncertain":
            return house.say(language, "announcements.why_uncertain")
        case "expired":
            return house.say(language, "announcements.why_expired")
        case "cancelled" if said == "stopped":
            return house.say(language, "announcements.why_stopped")
        case "cancelled" if said in ("withdrawn", "opted out", ""):
            return house.say(language, "announcements.why_withdrawn")
        case "failed" | "cancelled" if "deactivated" in said or "not found" in said:
            return house.say(language, "announcements.why_gone")
        case "failed" | "cancelled" if "blocked" in said or "forbidden" in said:
            return house.say(language, "announcements.why_blocked")
        case "failed" | "cancelled":
            return house.say(language, "announcements.why_refused")
        case _:
            return None
