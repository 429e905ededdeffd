"""Whatever people, an attacker, the line, the clock and a killer do, in whatever order."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import HypothesisException
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import select

from bot import verdict
from handlers.router import Router
from handlers.turn import Turn
from storage import responses, roles, settling
from storage.staff import Role
from talk.messages import Policy
from tests.machine.service import on_postgresql, on_sqlite, prepared
from tests.machine.town import Town

RULES = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asyncio.run(prepared(tmp_path_factory.mktemp("town")))


def test_a_few_days_in_a_town(template: Path) -> None:
    """`python -m bench.machine` goes on for as long as one likes."""
    few = settings(RULES, max_examples=6, stateful_step_count=30)
    run_state_machine_as_test(lambda: Town(on_sqlite(template)), settings=few)


@pytest.mark.full
@pytest.mark.timeout(1_200)
def test_many_days_in_a_town(template: Path) -> None:
    many = settings(RULES, max_examples=12, stateful_step_count=40)
    run_state_machine_as_test(lambda: Town(on_sqlite(template)), settings=many)


@pytest.mark.full
@pytest.mark.timeout(1_200)
def test_a_few_days_in_a_town_on_postgresql(postgres_uri: str) -> None:
    few = settings(RULES, max_examples=5, stateful_step_count=30)
    run_state_machine_as_test(lambda: Town(on_postgresql(postgres_uri)), settings=few)


# --- the machine bites -----------------------------------------------------------------------


def _break(what: str) -> list[tuple[Any, str, Any]]:
    """Where to lay hands on the program, and what to put there."""

    async def nothing_to_recover(*_: object, **__: object) -> dict[str, int]:
        return {}

    async def every_time(*_: object) -> bool:
        return True

    async def never_before(*_: object) -> set[bytes]:
        return set()

    press = Router._press

    async def any_button(router: Router, turn: Turn) -> None:
        if turn.inbound.press is not None:
            turn.dialog.prompt = turn.inbound.press.ref
        await press(router, turn)

    places: dict[str, list[tuple[Any, str, Any]]] = {
        "what was in the air is forgotten": [(settling, "recover", nothing_to_recover)],
        "the roles of others count": [(roles, "_HELD", select(Role.role, Role.unit_id))],
        "old buttons count": [(Router, "_press", any_button)],
        "more than once a visit": [
            (responses, "spend", every_time),
            (responses, "spent", never_before),
        ],
        "a broadcast is resent": [(verdict, "_ONE_RESEND", tuple(Policy))],
    }
    return places[what]


@pytest.mark.full
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(
    "what",
    [
        "what was in the air is forgotten",
        "the roles of others count",
        "old buttons count",
        "more than once a visit",
        "a broadcast is resent",
    ],
)
def test_a_broken_program_is_found_out(
    template: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    for place in _break(what):
        monkeypatch.setattr(*place)
    seen: list[AssertionError] = []
    for check in (Town.compare, Town.come_to_rest):
        monkeypatch.setattr(Town, check.__name__, _noting(check, seen))
    found = settings(RULES, max_examples=40, stateful_step_count=40, phases=[Phase.generate])
    with pytest.raises((AssertionError, ExceptionGroup, HypothesisException)) as caught:
        run_state_machine_as_test(lambda: Town(on_sqlite(template)), settings=found)
    # What went wrong is played again, and may take another way: hypothesis then says only that it
    # is flaky, and nothing of what was found.
    assert seen or "AssertionError" in "".join(traceback.format_exception(caught.value))


def _noting(check: Callable[[Town], None], seen: list[AssertionError]) -> Callable[[Town], None]:
    def checked(town: Town) -> None:
        try:
            check(town)
        except AssertionError as error:
            seen.append(error)
            raise

    return checked
