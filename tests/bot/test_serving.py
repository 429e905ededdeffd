"""The web port by itself: what it says about the time, and how it ends."""

from __future__ import annotations

import asyncio
import http.client
import threading
from email.utils import parsedate_to_datetime

import pytest
from starlette.applications import Starlette

from bot import serving
from bot.serving import listen, web_server


def _date(port: int) -> str:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("GET", "/")
    date = line.getresponse().getheader("Date")
    line.close()
    assert date is not None
    return date


def test_the_date_in_an_answer_goes_on() -> None:
    with listen("127.0.0.1", 0) as sock:
        server = web_server(Starlette())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        first = later = _date(sock.getsockname()[1])
        while later == first:  # for ever, if it stood still: the time limit of a test ends it
            later = _date(sock.getsockname()[1])
        server.should_exit = True
        thread.join()
    assert parsedate_to_datetime(later) > parsedate_to_datetime(first)


async def test_a_server_that_is_told_to_end_does_not_sleep_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "LOOK", 3600.0)
    with listen("127.0.0.1", 0) as sock:
        server = web_server(Starlette())
        at_work = asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
        while not server.started:
            await asyncio.sleep(0)
        server.should_exit = True
        await at_work
