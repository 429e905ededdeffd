"""Due things become messages: what has fallen due is put into words and into the outbox."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from domain import due as rules
from domain import learning, training
from domain.calendar import Overrides
from domain.due import LESSON, Upcoming
from handlers import lesson_card, training_card
from handlers.learn import path
from handlers.turn import House
from storage import due, ledger, outbox, roles
from storage import learning as lessons_kept
from storage import training as sessions_kept
from storage.base import Tx
from storage.due import Due
from storage.learning import Gift
from storage.roles import Reach
from storage.training import Training
from talk.messages import Lane, Outbound, Parcel, Policy
from talk.reference import reference


@dataclass
class _Batch:
    """What becomes of the occurrences of one round."""

    house: House
    tx: Tx
    now: datetime
    overrides: Overrides
    reach: dict[int, Reach]
    serving: set[int]
    handed: list[Due] = field(default_factory=list)
    skipped: dict[str, list[Due]] = field(default_factory=lambda: defaultdict(list))
    postponed: dict[datetime, list[Due]] = field(default_factory=lambda: defaultdict(list))
    parcels: dict[str, list[Parcel]] = field(default_factory=lambda: defaultdict(list))

    def send(self, entry: Due, body: Outbound, batch: str = "") -> None:
        """Hand one over."""
        self.handed.append(entry)
        self.parcels[batch].append(
            Parcel(
                cause=entry.cause,
                address_id=self.reach[entry.person_id].address_id,
                body=body,
                lane=Lane.REMINDER,
                policy=Policy.C,
                expires_at=entry.until,
            )
        )

    def held(self, entry: Due, zone: str) -> bool:
        """Let it wait when these are quiet hours."""
        to = rules.held_until(entry, zone, self.overrides, self.now)
        if to is not None:
            self.postponed[to].append(entry)
        return to is not None

    def pointless(self, entry: Due) -> str:
        """Why nobody is there to read it, "" when somebody is."""
        if entry.person_id not in self.serving:
            return "no_role"
        return "" if entry.person_id in self.reach else "no_address"


async def hand_over(house: House, tx: Tx, now: datetime, *, limit: int = rules.BATCH) -> int:
    """Write down what has fallen due and put at most `limit` of it into the outbox.

    Returns how many occurrences were dealt with: 0 means that nothing is left to do now. All in
    the transaction given, so that an occurrence and its message are there together or not.
    """
    overrides = await due.holiday_overrides(tx)
    await rules.fall_due(tx, lessons=path(house), zone=house.zone, overrides=overrides, now=now)
    entries = await due.take(tx, now=now, limit=limit)
    if not entries:
        return 0
    people = {entry.person_id for entry in entries}
    batch = _Batch(
        house,
        tx,
        now,
        overrides,
        await roles.reach(tx, people),
        await roles.holding(tx, "staff", people),
    )
    wanted = []
    for entry in entries:
        if why := batch.pointless(entry):
            batch.skipped[why].append(entry)
        else:
            wanted.append(entry)
    await _lessons(batch, [entry for entry in wanted if entry.rule == LESSON])
    await _trainings(batch, [entry for entry in wanted if entry.rule != LESSON])
    for name, parcels in batch.parcels.items():
        await outbox.put(tx, parcels, at=now, batch=name)
    await due.close(tx, batch.handed, state="handed")
    for why, skipped in batch.skipped.items():
        await due.close(tx, skipped, state="skipped", reason=why)
    for to, postponed in batch.postponed.items():
        await due.postpone(tx, postponed, to=to)
    if batch.handed:
        await ledger.count(tx, {("occurrence.handed", ""): len(batch.handed)})
    return len(entries)


async def _lessons(batch: _Batch, entries: Sequence[Due]) -> None:
    """Choose a lesson for each and hand it over, unless the day has had its lesson."""
    people = [entry.person_id for entry in entries]
    wishes = {wish.person_id: wish for wish in await lessons_kept.wishes(batch.tx, people)}
    memories = await lessons_kept.memories(batch.tx, people)
    by_key = {
        lesson_card.key(lesson): lesson for lesson in batch.house.bank.lessons[learning.PATH]
    }
    gifts: dict[Due, Gift] = {}
    for entry in entries:
        wish = wishes.get(entry.person_id)
        if wish is None or wish.lessons_from > entry.local_date:
            batch.skipped["not_wanted"].append(entry)
            continue
        if batch.held(entry, wish.zone or batch.house.zone):
            continue
        day = date.fromisoformat(entry.local_date)
        chosen = learning.choose(memories.get(entry.person_id, ()), list(by_key), day)
        if chosen is None:
            batch.skipped["nothing_due"].append(entry)
            continue
        target = "@" + reference(entry.cause)
        version = by_key[chosen].version
        gifts[entry] = Gift(entry.person_id, entry.local_date, chosen, version, target)
    new = await lessons_kept.give(batch.tx, list(gifts.values()))
    for entry, gift in gifts.items():
        if (entry.person_id, entry.local_date) not in new:
            batch.skipped["had_one"].append(entry)
            continue
        language = batch.reach[entry.person_id].language
        body = lesson_card.card(batch.house, language, by_key[gift.lesson], entry.local_date)
        batch.send(entry, body)


async def _trainings(batch: _Batch, entries: Sequence[Due]) -> None:
    """Hand over what still makes sense by the answers and sessions as they are now."""
    kinds = {entry: rules.kind(entry.rule) for entry in entries}
    sessions: dict[int, Training | None] = {}
    for session_id in {kind.session_id for kind in kinds.values()}:
        sessions[session_id] = await sessions_kept.session(batch.tx, session_id)
    answers = await sessions_kept.answers(
        batch.tx, [(kind.session_id, entry.person_id) for entry, kind in kinds.items()]
    )
    for entry, kind in kinds.items():
        session = sessions[kind.session_id]
        answer = answers.get((kind.session_id, entry.person_id))
        if why := training.why_not(session, kind.what, answer):
            batch.skipped[why].append(entry)
            continue
        assert session is not None
        assert answer is not None
        if batch.held(entry, session.zone):
            continue
        language = batch.reach[entry.person_id].language
        body = training_card.message(batch.house, language, session, kind.what, answer)
        name = "" if kind.what == "cancelled" else training.batch(session.id)
        batch.send(entry, body, name)


async def upcoming(house: House, tx: Tx, now: datetime, *, limit: int = 20) -> list[Upcoming]:
    """What falls due next, soonest first: for the demo's panel."""
    return await rules.next_due(tx, now, lessons=path(house), zone=house.zone, limit=limit)
