"""Everything the simulator says parses as the library's own types, field by field."""

from __future__ import annotations

from typing import Any

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st

from simulator import Phone, Simulator
from simulator.forms import read_form
from simulator.html_text import parse
from simulator.strict import ApiError, check_entities, units


async def everything(bot: Any, simulator: Simulator, siti: Phone) -> None:
    """A life with each kind of update."""
    sent = await bot.ask(siti, "Ya")
    await siti.tap("Ya")
    await siti.press_raw("palsu", 4711)
    await siti.edit_text(await siti.send("lihat https://a.id /bantuan"), "lain")
    await siti.send("balas", reply_to=sent["message_id"])
    await siti.send_photo("foto")
    await siti.send_sticker()
    await siti.send_contact("+62812", of=siti)
    await siti.send_location(-7.25, 112.75)
    await siti.send_voice()
    await siti.block()
    await siti.unblock()
    group = simulator.group("RT 05")
    await group.add_bot(siti)
    await group.send(siti, "/nilai@TanggapDemoBot")


# Reading every attribute also reads those the library is about to change.
old_names = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@old_names
async def test_every_update_is_telegrams(bot: Any, simulator: Simulator, siti: Phone) -> None:
    await everything(bot, simulator, siti)
    updates = await bot("getUpdates")
    assert len(updates) >= 14
    for raw in updates:
        parsed = telegram.Update.de_json(raw, None)
        assert parsed.update_id == raw["update_id"]
        assert parsed.effective_user is not None
        assert parsed.effective_chat is not None
        assert not parsed.api_kwargs, f"unknown fields {parsed.api_kwargs}"
        again = parsed.to_dict()
        kind = next(key for key in raw if key != "update_id")
        assert again[kind].keys() >= raw[kind].keys() - {"caption_entities"}
        assert_known(parsed)


def assert_known(value: Any) -> None:
    """No object in the tree has fields that the library does not know."""
    if isinstance(value, telegram.TelegramObject):
        assert not value.api_kwargs, (type(value).__name__, dict(value.api_kwargs))
        for name in value.to_dict(recursive=False):
            assert_known(getattr(value, name, None))
    elif isinstance(value, list | tuple):
        for one in value:
            assert_known(one)


@old_names
async def test_every_answer_is_telegrams(bot: Any, siti: Phone) -> None:
    answers: list[tuple[type[telegram.TelegramObject], Any]] = [
        (telegram.User, await bot("getMe")),
        (telegram.WebhookInfo, await bot("getWebhookInfo")),
        (telegram.ChatFullInfo, await bot("getChat", chat_id=siti.chat_id)),
        (telegram.Message, await bot.ask(siti, "Ya")),
    ]
    file = {"document": ("a.csv", b"1", "text/csv")}
    where = {"chat_id": siti.chat_id}
    answers.append((telegram.Message, await bot("sendDocument", **where, files=file)))
    await bot("setWebhook", url="https://a.example.id/x", allowed_updates=["message"])
    answers.append((telegram.WebhookInfo, await bot("getWebhookInfo")))
    for kind, raw in answers:
        assert_known(kind.de_json(raw, None))


words = st.text(alphabet=st.sampled_from("ab <>&\"'é😀\n"), max_size=20)


@given(words, st.sampled_from(["b", "i", "u", "s", "code", "blockquote"]))
def test_escaped_html_comes_back_as_it_was(text: str, tag: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain, entities = parse(f"<{tag}>{escaped}</{tag}>")
    assert plain == text
    assert sum(entity["length"] for entity in entities) == units(text)
    check_entities(plain, entities)


@given(st.text(alphabet=st.sampled_from("<>/b&;a ="), max_size=30))
def test_any_html_is_parsed_or_refused(text: str) -> None:
    try:
        plain, entities = parse(text)
    except ApiError:
        return
    for entity in entities:
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= units(plain)


@given(st.text(max_size=20), st.lists(st.tuples(st.integers(-1, 9), st.integers(-1, 9))))
def test_entities_that_pass_lie_inside_and_never_cross(
    text: str, places: list[tuple[int, int]]
) -> None:
    raw = [
        {"type": kind, "offset": offset, "length": length}
        for kind, (offset, length) in zip(("bold", "italic", "underline"), places, strict=False)
    ]
    try:
        kept = check_entities(text, raw)
    except ApiError:
        return
    spans = [(e["offset"], e["offset"] + e["length"]) for e in kept]
    for start, end in spans:
        text.encode("utf-16-le")[start * 2 : end * 2].decode("utf-16-le")
        for other, last in spans:
            assert not start < other < end < last


@given(st.binary(max_size=300), st.text(alphabet="abc-_. é", min_size=1, max_size=20))
def test_multipart_keeps_every_byte(content: bytes, name: str) -> None:
    boundary = "=-batas-yang-tak-ada-di-isi"
    head = f'content-disposition: form-data; name="berkas"; filename="{name}"'
    body = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="chat_id"\r\n\r\n501\r\n'
        f"--{boundary}\r\n{head}\r\ncontent-type: text/csv\r\n\r\n"
    ).encode()
    body += content + f"\r\n--{boundary}--\r\n".encode()
    values, files = read_form("x=1", f'multipart/form-data; boundary="{boundary}"', body)
    assert values == {"x": "1", "chat_id": "501"}
    upload = files["berkas"]
    assert isinstance(upload, tuple)
    assert upload[1:] == (content, "text/csv")
    assert upload[0].strip() == name.strip()


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/json", b"{"), ("application/json", b"[]"), ("multipart/form-data", b"x")],
)
def test_bodies_that_can_not_be_read(kind: str, body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        read_form("", kind, body)
    assert refused.value.code == 400
