"""A batch of updates comes apart byte for byte, and one bad update never holds the others back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.telegram.batch import _by_brackets, split
from tests.channels.updates import SEEDS, raw

GOOD = raw(SEEDS["text"])
DEEP = b'{"update_id":9,"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
HALF = b'{"update_id":9,"message":{"text":"\\ud83d \\" ]}, \\\\"}}'


def batch(*updates: bytes) -> bytes:
    return b'{"ok":true,"result":[' + b",".join(updates) + b"]}"


def test_the_bytes_stay_untouched() -> None:
    odd = b'{ "update_id" : 7 , "b":1.0e0, "a":"\\u00e9\xc3\xa9" }'
    assert split(batch(odd, GOOD)) == [odd, GOOD]
    assert split(batch()) == []


@pytest.mark.parametrize(
    "bad", [DEEP, HALF, b'{"update_id":9,"x":NaN}', b'{"update_id":9,"x":"\x01"}']
)
def test_one_bad_update_among_good_ones(bad: bytes) -> None:
    assert split(batch(GOOD, bad, GOOD)) == [GOOD, bad, GOOD]
    assert split(batch(bad)) == [bad]


@given(st.lists(st.sampled_from([raw(seed) for seed in SEEDS.values()]), max_size=5))
def test_brackets_find_what_the_parser_finds(updates: list[bytes]) -> None:
    answer = batch(*updates)
    assert split(answer) == updates
    if updates:
        assert _by_brackets(answer) == updates


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"<html>502</html>",
        b"null",
        b'{"ok":false,"error_code":500,"description":"x"}',
        b'{"ok":true}',
        b'{"ok":true,"result":{}}',
        b'{"ok":true,"result":true}',
        batch(GOOD)[:-1],
        batch(GOOD)[:-2],
        batch(GOOD, DEEP)[:-2],
        batch(GOOD, DEEP) + b"x",
        batch(GOOD, b"", DEEP),
        b'{"ok":true,"result":[' + DEEP,
    ],
)
def test_what_is_no_batch(payload: bytes) -> None:
    assert split(payload) is None
