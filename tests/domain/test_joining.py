"""Invitations and names: what a payload may be, and what is left of what was typed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import joining
from domain.errors import Refused
from domain.keys import Keys
from storage.session import Database
from tests.kit.clock import MONDAY_NINE

KEYS = Keys(b"k" * 32)


async def test_payloads_fit_telegram_are_random_and_only_their_hash_is_kept(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        made = {await joining.invite(tx, KEYS, "staff", None, MONDAY_NINE) for _ in range(50)}
    assert len(made) == 50
    for payload in made:
        assert re.fullmatch(r"i[A-Za-z0-9_-]{22,63}", payload), "Telegram: 64 of [A-Za-z0-9_-]"
    # every position varies: nothing of it is constant, counted or a time
    codes = [payload[1:] for payload in made]
    assert all(len({code[at] for code in codes}) > 10 for at in range(len(codes[0])))


async def test_a_role_that_cannot_be_invited_to_is_refused(database: Database) -> None:
    async with database.transaction() as tx:
        for role in ("", "citizen", "root", "Staff"):
            with pytest.raises(ValueError, match="no such role"):
                await joining.invite(tx, KEYS, role, None, MONDAY_NINE)


async def test_another_installation_cannot_use_it(database: Database) -> None:
    async with database.transaction() as tx:
        payload = await joining.invite(tx, KEYS, "admin", None, MONDAY_NINE)
        mark = joining.digest(Keys(b"x" * 32), payload[1:])
        with pytest.raises(joining.Unknown):
            await joining.look(tx, mark, 1, MONDAY_NINE)


async def test_it_is_over_after_exactly_48_hours(database: Database) -> None:
    async with database.transaction() as tx:
        payload = await joining.invite(tx, KEYS, "staff", None, MONDAY_NINE)
        mark = joining.digest(KEYS, payload[1:])
        end = MONDAY_NINE + timedelta(hours=48)
        assert (await joining.look(tx, mark, 1, end - timedelta(seconds=1))).role == "staff"
        with pytest.raises(joining.Expired):
            await joining.look(tx, mark, 1, end)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Sri", "Sri"),
        ("  Siti   Nur'aini,\tS.Sos.\n", "Siti Nur'aini, S.Sos."),
        ("H. M. Yusuf", "H. M. Yusuf"),
        ("\u202eirS\u202c Wahyuni", "irS Wahyuni"),
        ("A\u200bn\u200bi", "Ani"),
        ("Jose\u0301", "José"),
        ("ꦱꦿꦶ ꦱꦿꦶ", "ꦱꦿꦶ ꦱꦿꦶ"),
    ],
)
def test_names_as_people_write_them(typed: str, name: str) -> None:
    assert joining.clean_name(typed) == name


@given(st.text(max_size=400))
def test_a_name_is_one_line_visible_short_and_stable(typed: str) -> None:
    try:
        name = joining.clean_name(typed)
    except Refused:
        return
    assert 2 <= len(name) <= joining.NAME_LENGTH
    assert name == " ".join(name.split())
    assert sum(c.isalpha() for c in name) >= 2
    assert joining.clean_name(name) == name
