"""A Bot API server that only answers, as cheaply as can be, and the citizens who load a bot.

    python -m bench.stub CERTIFICATE KEY DELAY

It runs as a process of its own, on the other core. It speaks TLS, answers every call after DELAY
seconds, and checks nothing: the strict simulator is for correctness. It prints its port, reads
one order a line on stdin (JSON), prints what came of each, and ends with its stdin.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bench.citizens import Crowd

BOT = b'{"id":7000000001,"is_bot":true,"first_name":"Tanggap","username":"tanggap_bot"}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
LONG_POLL = 1.0  # seconds before an empty answer to getUpdates
Reply = Callable[[bytes], None]


class Call(msgspec.Struct):
    """The fields of a call that an answer or a citizen needs."""

    chat_id: int | str = 0
    message_id: int | str = 0
    text: msgspec.Raw = msgspec.Raw(b'""')
    entities: msgspec.Raw = msgspec.Raw(b"")
    reply_markup: msgspec.Raw = msgspec.Raw(b"")


_call = msgspec.json.Decoder(Call)


class Stub:
    """What the calls of one bot came to."""

    def __init__(self, delay: float) -> None:
        """Answer after `delay` seconds."""
        self.delay = delay
        self.crowd = Crowd()
        self.calls: dict[str, int] = {}
        self.connections = 0  # opened: a bot that keeps none alive pays for it
        self.sent = 0  # messages accepted
        self.first = self.last = 0.0  # when the first and the latest was (monotonic)
        self.by_second: list[int] = []  # how many were accepted in each second since the first
        self.unread = 0  # messages without a chat: a bot under test is broken
        self._ids = count(1)
        self._webhook = ""

    def answer(self, path: str, body: bytes, reply: Reply) -> None:
        """Accept one call and answer it when its time has come."""
        method = path.rpartition("/")[2]
        self.calls[method] = self.calls.get(method, 0) + 1
        loop = asyncio.get_running_loop()
        delay, seen = self.delay, None
        if method in ("sendMessage", "editMessageText"):
            now = loop.time()
            call = _read(body)
            edited = method[0] == "e"
            number = int(call.message_id) if edited else next(self._ids)
            result = _message(call, number, edited)
            chat = int(call.chat_id)
            self.unread += not chat
            self.sent += 1
            self._note(now)
            if self.crowd.accepted(chat, number, result, call.reply_markup, edited, now):
                seen = chat
        elif method == "answerCallbackQuery":
            self.crowd.released += 1
            result = b"true"
        elif method == "getMe":
            result = BOT
        elif method == "getUpdates":
            result, delay = b"[]", LONG_POLL
        elif method == "getWebhookInfo":
            info = {
                "url": self._webhook,
                "has_custom_certificate": False,
                "pending_update_count": 0,
            }
            result = msgspec.json.encode(info)
        else:
            if method == "setWebhook":
                self._webhook = dict(_fields(body)).get("url", "")
            result = b"true"
        loop.call_later(delay, self._leave, reply, result, seen)

    def _note(self, now: float) -> None:
        self.first, self.last = self.first or now, now
        second = int(now - self.first)
        self.by_second += [0] * (second + 1 - len(self.by_second))
        self.by_second[second] += 1

    def told(self) -> dict[str, float]:
        """The messages since this was last asked: how many, from when to when, how evenly."""
        whole = self.by_second[1:-1]  # neither the burst at the beginning nor the broken last
        sums = [sum(whole[at : at + 5]) / 5 for at in range(len(whole) - 4)]
        found = {"messages": self.sent, "first": self.first, "last": self.last}
        self.sent, self.first, self.last, self.by_second = 0, 0.0, 0.0, []
        return found | {"slowest": min(sums, default=0.0)}

    def _leave(self, reply: Reply, result: bytes, seen: int | None) -> None:
        reply(b'{"ok":true,"result":' + result + b"}")
        if seen is not None:  # the person sees a message when the bot learns that it is there
            self.crowd.seen(seen)


def _fields(body: bytes) -> list[tuple[str, str]]:
    """The parameters of a call that is not JSON, or the plain ones of one that is."""
    if body.startswith(b"{"):
        return [(k, v) for k, v in json.loads(body).items() if isinstance(v, str)]
    return parse_qsl(body.decode())


def _read(body: bytes) -> Call:
    """A call, whichever of the ways Telegram takes was used."""
    if body.startswith(b"{"):
        return _call.decode(body)
    given = dict(parse_qsl(body.decode()))
    return Call(
        int(given.get("chat_id", 0)),
        int(given.get("message_id", 0)),
        msgspec.Raw(msgspec.json.encode(given.get("text", ""))),
        msgspec.Raw(given.get("entities", "").encode()),
        msgspec.Raw(given.get("reply_markup", "").encode()),
    )


def _message(call: Call, number: int, edited: bool) -> bytes:
    """The message as Telegram shows it in its answer and in a later tap on it."""
    date = b'%d,"edit_date":%d' % (time.time(), time.time()) if edited else b"%d" % time.time()
    chat = b'{"id":%d,"first_name":"Warga","type":"private"}' % int(call.chat_id)
    shown = b'{"message_id":%d,"from":%b,"chat":%b,"date":%b,"text":%b' % (
        number, BOT, chat, date, call.text,
    )  # fmt: skip
    if call.entities:
        shown += b',"entities":' + bytes(call.entities)
    if call.reply_markup:
        shown += b',"reply_markup":' + bytes(call.reply_markup)
    return shown + b"}"


class Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection of the bot; one request at a time, lengths announced."""

    def __init__(self, stub: Stub) -> None:
        """Calls go to the stub."""
        self._stub = stub
        self._read = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = transport  # type: ignore[assignment]
        self._stub.connections += 1

    def data_received(self, data: bytes) -> None:
        """Cut requests out of the stream."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._read[:end])
            length = _length(head)
            whole = end + 4 + length
            if len(self._read) < whole:
                return
            body = bytes(self._read[end + 4 : whole])
            del self._read[:whole]
            path = head.split(b" ", 2)[1].decode()
            self._stub.answer(path, body, self._reply)

    def _reply(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_HEAD + b"%d\r\n\r\n%b" % (len(body), body))


def _length(head: bytes) -> int:
    lowered = head.lower()
    if b"transfer-encoding:" in lowered:
        raise ValueError("a request without its length")
    at = lowered.find(b"content-length:")
    return int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


# --- the process ----------------------------------------------------------------------------


def cpu_of(pid: int) -> float:
    """Processor seconds that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _obey(stub: Stub, order: dict[str, Any]) -> dict[str, Any]:
    do = order.pop("do")
    if do == "load":
        return await stub.crowd.load(cpu_of=cpu_of, **order)
    if do == "until":  # so many messages accepted since the last time this was asked
        end = time.monotonic() + order["patience"]
        while stub.sent < order["messages"] and time.monotonic() < end:
            await asyncio.sleep(0.02)
        return stub.told()
    return {
        "calls": stub.calls,
        "connections": stub.connections,
        "unread": stub.unread,
        "finished": stub.crowd.finished,
    }


async def main(certificate: str, key: str, delay: float) -> None:
    """Serve and obey until stdin ends."""
    stub = Stub(delay)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(stub), "127.0.0.1", 0, ssl=context, backlog=1024
    )
    orders: asyncio.StreamReader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    while line := await orders.readline():
        print(json.dumps(await _obey(stub, json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
