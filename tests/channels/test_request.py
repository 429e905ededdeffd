"""The transport on a real socket: what it says went wrong is what went wrong on the wire."""

from __future__ import annotations

import asyncio
import socket
import struct
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import aiohttp
import msgspec
import pytest
from telegram import InputFile
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from channels.result import Ending
from channels.telegram import Telegram
from channels.telegram.request import AiohttpRequest, MaybeSent, NotSent
from talk.messages import Document, Outbound
from talk.reference import reference
from talk.text import plain
from tests.channels.line import KEY, TOKEN

pytestmark = pytest.mark.enable_socket  # loopback only

OK = b'{"ok":true,"result":{"message_id":77}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(OK), OK)
SHORT = 0.3  # seconds; a call that must run out of time takes this long

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Behaviour: TypeAlias = Callable[[Reader, Writer], Awaitable[None]]


class Server:
    """A server that takes whole requests, remembers them and then behaves as told."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[tuple[bytes, bytes]] = []  # head, body
        self.connections = 0
        self.url = ""

    async def meet(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append((head, await reader.readexactly(_length(head))))
                await self.behaviour(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _length(head: bytes) -> int:
    lines = dict(line.lower().split(b": ", 1) for line in head.splitlines()[1:] if line)
    return int(lines.get(b"content-length", 0))


@asynccontextmanager
async def serving(behaviour: Behaviour) -> AsyncIterator[Server]:
    server = Server(behaviour)
    listening = await asyncio.start_server(server.meet, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}/bot{TOKEN}/"
    async with listening:
        yield server


@pytest.fixture
async def request_() -> AsyncIterator[AiohttpRequest]:
    """A pool of four with little patience."""
    client = AiohttpRequest(4, timeout=SHORT)
    await client.initialize()
    yield client
    await client.shutdown()


def data(**parameters: object) -> RequestData:
    return RequestData([RequestParameter.from_input(k, v) for k, v in parameters.items()])


async def answering(_reader: Reader, writer: Writer) -> None:
    writer.write(ANSWER)
    await writer.drain()


async def closing(_reader: Reader, writer: Writer) -> None:
    writer.close()


async def resetting(_reader: Reader, writer: Writer) -> None:
    line: socket.socket = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def breaking_off(_reader: Reader, writer: Writer) -> None:
    writer.write(ANSWER[:-10])
    await writer.drain()
    writer.close()


async def babbling(_reader: Reader, writer: Writer) -> None:
    writer.write(b"this is no HTTP\r\n\r\n")
    await writer.drain()
    writer.close()


async def hanging(reader: Reader, _writer: Writer) -> None:
    await reader.read()


async def dripping(reader: Reader, writer: Writer) -> None:
    for byte in ANSWER:
        writer.write(bytes([byte]))
        await writer.drain()
        try:
            await asyncio.wait_for(reader.read(), SHORT / 4)
        except TimeoutError:
            continue
        return


async def redirecting(_reader: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def test_a_call_is_one_json_body_on_a_kept_connection(request_: AiohttpRequest) -> None:
    async with serving(answering) as server:
        asked = data(chat_id=42, text="Halo 👋", reply_markup={"inline_keyboard": [[]]}, a=True)
        for _ in range(3):
            assert await request_.do_request(server.url + "x", "POST", asked) == (200, OK)
        assert server.connections == 1
        head, body = server.requests[0]
        assert head.startswith(f"POST /bot{TOKEN}/x HTTP/1.1\r\n".encode())
        assert b"content-type: application/json\r\n" in head.lower()
        assert msgspec.json.decode(body) == {
            "chat_id": 42,
            "text": "Halo 👋",
            "reply_markup": {"inline_keyboard": [[]]},
            "a": True,
        }


async def test_a_file_goes_as_multipart(request_: AiohttpRequest) -> None:
    async with serving(answering) as server:
        file = InputFile(b"%PDF-", filename="Rekap Désa.pdf")
        asked = data(chat_id=42, caption="Ini", caption_entities=[{"type": "bold"}], document=file)
        assert await request_.do_request(server.url + "x", "POST", asked) == (200, OK)
        head, body = server.requests[0]
        assert b"content-type: multipart/form-data; boundary=" in head.lower()
        assert 'name="document"; filename="Rekap Désa.pdf"'.encode() in body
        assert b"application/pdf" in body
        assert b"%PDF-" in body
        assert b'[{"type": "bold"}]' in body


async def test_the_pool_opens_once_and_closes_quietly() -> None:
    client = AiohttpRequest(1)
    await client.initialize()
    await client.initialize()
    await client.shutdown()
    await client.shutdown()
    assert client.read_timeout == 20
    with pytest.raises(NotSent):
        await client.do_request("http://127.0.0.1:1/", "POST", data(a=1))


async def test_nobody_listening_means_not_sent(request_: AiohttpRequest) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/bot{TOKEN}/x"
        with pytest.raises(NotSent) as caught:
            await request_.do_request(url, "POST", data(a=1))
    assert str(caught.value) == "no connection: connector"
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


async def test_no_common_language_means_not_sent(request_: AiohttpRequest) -> None:
    async with serving(answering) as server:
        url = server.url.replace("http:", "https:")
        with pytest.raises(NotSent):
            await request_.do_request(url, "POST", data(a=1))
        assert server.requests == []


async def test_no_free_connection_means_not_sent() -> None:
    client = AiohttpRequest(1, timeout=SHORT)
    await client.initialize()
    async with serving(hanging) as server:
        endings = await asyncio.gather(
            *(client.do_request(server.url, "POST", data(n=n)) for n in range(2)),
            return_exceptions=True,
        )
        assert [type(ending) for ending in endings] == [MaybeSent, NotSent]
        assert len(server.requests) == 1
    for ending in endings:
        assert isinstance(ending, Exception)
        assert TOKEN not in "".join(traceback.format_exception(ending))
    await client.shutdown()


@pytest.mark.parametrize(
    "behaviour", [closing, resetting, breaking_off, babbling, hanging, dripping]
)
async def test_no_whole_answer_means_maybe_sent(
    request_: AiohttpRequest, behaviour: Behaviour
) -> None:
    async with serving(behaviour) as server:
        with pytest.raises(MaybeSent) as caught:
            await request_.do_request(server.url + "x", "POST", data(a=1))
        assert len(server.requests) == 1, "it must have been asked once, and once only"
    assert str(caught.value).startswith("no answer: ")
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


async def test_a_call_may_be_given_more_time(request_: AiohttpRequest) -> None:
    async def slow(reader: Reader, writer: Writer) -> None:
        try:
            await asyncio.wait_for(reader.read(1), 1.5 * SHORT)
        except TimeoutError:
            await answering(reader, writer)

    async with serving(slow) as server:
        url = server.url + "x"
        with pytest.raises(MaybeSent):
            await request_.do_request(url, "POST", data(a=1))
        assert await request_.do_request(url, "POST", data(a=1), read_timeout=20) == (200, OK)


async def test_a_connection_closed_between_calls_is_replaced(request_: AiohttpRequest) -> None:
    closed = asyncio.Event()

    async def once(reader: Reader, writer: Writer) -> None:
        await answering(reader, writer)
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with serving(once) as server:
        for _ in range(3):
            assert await request_.do_request(server.url, "POST", data(a=1)) == (200, OK)
            await closed.wait()
            closed.clear()
            for _ in range(5):  # the end of the connection reaches this side of the loop
                await asyncio.sleep(0)
        assert server.connections == 3


async def test_nobody_is_followed_elsewhere(request_: AiohttpRequest) -> None:
    async with serving(redirecting) as server:
        assert await request_.do_request(server.url, "POST", data(a=1)) == (302, b"")
        assert len(server.requests) == 1


def test_every_way_to_miss_the_server_is_known() -> None:
    """The library's failures before a request leaves all fall under what we catch as such."""
    before = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
    unsent: list[type[Exception]] = [
        aiohttp.ClientConnectorDNSError,
        aiohttp.ClientConnectorCertificateError,
        aiohttp.ClientConnectorSSLError,
        aiohttp.ClientProxyConnectionError,
    ]
    unknown: list[type[Exception]] = [
        aiohttp.ServerDisconnectedError,
        aiohttp.ClientOSError,
        aiohttp.SocketTimeoutError,
        aiohttp.ClientPayloadError,
        aiohttp.ClientConnectionResetError,
    ]
    assert all(issubclass(failure, before) for failure in unsent)
    assert not any(issubclass(failure, before) for failure in unknown)


async def test_the_whole_adapter_on_a_socket() -> None:
    async with serving(answering) as server:
        telegram = Telegram(token=TOKEN, key=KEY, api_url=server.url.partition("/bot")[0])
        with pytest.raises(Exception, match="getMe"):  # the answer here is a message's
            await telegram.start()
        body = Outbound(plain("Halo"))
        ref = reference("in:1:1")
        assert (await telegram.send("42", body, ref=ref)).message == "77"
        file = Document("a.png", "image/png", b"\x89PNG")
        sent = await telegram.send("42", Outbound(body.text, document=file), ref=ref, bulk=True)
        assert sent.ending is Ending.SENT
        await telegram.stop()
        assert (await telegram.send("42", body, ref=ref)).ending is Ending.NOT_SENT
