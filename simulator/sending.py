"""The methods that write, change and answer: what lands on phones."""

from __future__ import annotations

from typing import Any

from simulator.cloud import Chat, Cloud
from simulator.html_text import parse
from simulator.markup import check_markup
from simulator.messages import ChatMessage, File, Toast
from simulator.params import Params
from simulator.pictures import size_of
from simulator.record import Accepted, Record
from simulator.strict import (
    ApiError,
    bad_request,
    check_caption,
    check_entities,
    check_text,
)

FILE_LIMIT = 50 * 1024 * 1024
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)


class Sending:
    """sendMessage and its relatives, on one cloud."""

    def __init__(self, cloud: Cloud, record: Record) -> None:
        self._cloud = cloud
        self._record = record

    def send_message(self, params: Params) -> dict[str, Any]:
        """`sendMessage`."""
        chat = self._cloud.reachable(_chat_id(params))
        text, entities = _formatted(params, "text", "entities")
        message = self._new(chat, params)
        message.text = check_text(text)
        message.entities = check_entities(message.text, entities)
        return self._put("sendMessage", chat, message)

    def send_document(self, params: Params) -> dict[str, Any]:
        """`sendDocument`, uploaded or by the id of a file that was sent before."""
        chat = self._cloud.reachable(_chat_id(params))
        message = self._captioned(chat, params)
        message.document = self._file(params, "document")
        return self._put("sendDocument", chat, message)

    def send_photo(self, params: Params) -> dict[str, Any]:
        """`sendPhoto`: PNG or JPEG."""
        chat = self._cloud.reachable(_chat_id(params))
        message = self._captioned(chat, params)
        file = self._file(params, "photo")
        size = size_of(file.content)
        if size is None or sum(size) > 10_000 or max(size) > 20 * min(size):
            raise bad_request("PHOTO_INVALID_DIMENSIONS" if size else "IMAGE_PROCESS_FAILED")
        file.width, file.height = size
        message.photo = file
        return self._put("sendPhoto", chat, message)

    def edit_text(self, params: Params) -> dict[str, Any]:
        """`editMessageText`; without a keyboard the old one goes."""
        chat, message = self._editable(params)
        if message.document or message.photo:
            raise bad_request("there is no text in the message to edit")
        text, entities = _formatted(params, "text", "entities")
        text = check_text(text)
        entities = check_entities(text, entities)
        markup = _markup(params, inline_only=True)
        if (text, entities, markup) == (message.text, message.entities, message.markup):
            raise bad_request(NOT_MODIFIED)
        message.text, message.entities, message.markup = text, entities, markup
        message.edited += 1
        return self._changed("editMessageText", chat, message)

    def edit_markup(self, params: Params) -> dict[str, Any]:
        """`editMessageReplyMarkup`."""
        chat, message = self._editable(params)
        markup = _markup(params, inline_only=True)
        if markup == message.markup:
            raise bad_request(NOT_MODIFIED)
        message.markup = markup
        return self._changed("editMessageReplyMarkup", chat, message)

    def delete(self, params: Params) -> bool:
        """`deleteMessage`: within 48 hours."""
        chat = self._cloud.chat(_chat_id(params))
        message = self._cloud.message(
            chat, params.integer("message_id"), "message to delete not found"
        )
        if (self._cloud.now() - message.date).total_seconds() > 48 * 3600:
            raise bad_request("message can't be deleted for everyone")
        message.deleted = True
        self._changed("deleteMessage", chat, message)
        return True

    def answer_tap(self, params: Params) -> bool:
        """`answerCallbackQuery`: once, and in time."""
        text = params.text("text") or ""
        if len(text) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        tap = self._cloud.answer_tap(params.text("callback_query_id"))
        url = params.text("url")
        if text or url:
            toast = Toast(text, params.boolean("show_alert"), self._cloud.now(), url)
            self._cloud.chats[tap.chat_id].toasts.append(toast)
            self._cloud.changed("toast", tap.chat_id, toast=toast)
        self._cloud.changed("answered", tap.chat_id)
        return True

    def _captioned(self, chat: Chat, params: Params) -> ChatMessage:
        text, entities = _formatted(params, "caption", "caption_entities")
        message = self._new(chat, params)
        message.text = check_caption(text) or ""
        message.entities = check_entities(message.text, entities)
        return message

    def _new(self, chat: Chat, params: Params) -> ChatMessage:
        reply = params.json("reply_parameters", "reply parameters") or {}
        reply_to = reply.get("message_id")
        if reply_to is not None:
            parent = chat.messages.get(reply_to)
            if parent is None or parent.deleted:
                if not reply.get("allow_sending_without_reply"):
                    raise bad_request("message to be replied not found")
                reply_to = None
        return ChatMessage(
            id=0,
            chat_id=chat.id,
            from_bot=True,
            sender_id=self._cloud.bot["id"],
            date=self._cloud.now(),
            markup=_markup(params),
            reply_to=reply_to,
        )

    def _file(self, params: Params, name: str) -> File:
        upload = params.upload(name)
        if upload is None:
            known = self._cloud.files.get(params.text(name) or "")
            if known is None:
                raise bad_request("wrong file identifier/HTTP URL specified")
            return known
        file_name, content, mime = upload
        if not content:
            raise bad_request("file must be non-empty")
        if len(content) > FILE_LIMIT:
            raise ApiError(413, "Request Entity Too Large")
        file = File(f"BQAC{self._cloud.serial():08d}", file_name, mime, content)
        self._cloud.files[file.file_id] = file
        return file

    def _editable(self, params: Params) -> tuple[Chat, ChatMessage]:
        chat = self._cloud.reachable(_chat_id(params))
        message = self._cloud.message(
            chat, params.integer("message_id"), "message to edit not found"
        )
        if not message.from_bot:
            raise bad_request("message can't be edited")
        return chat, message

    def _put(self, method: str, chat: Chat, message: ChatMessage) -> dict[str, Any]:
        message.id = self._cloud.next_message_id(chat)
        self._cloud.add(chat, message)
        self._accept(method, message)
        return self._cloud.render(message)

    def _changed(self, method: str, chat: Chat, message: ChatMessage) -> dict[str, Any]:
        if not message.deleted:
            message.edit_date = self._cloud.now()
        self._accept(method, message)
        self._cloud.changed("message", chat.id, message)
        return self._cloud.render(message)

    def _accept(self, method: str, message: ChatMessage) -> None:
        at = self._cloud.now().isoformat()
        self._record.add(Accepted(at, method, message.chat_id, message.id, message.text))


def _chat_id(params: Params) -> int | str | None:
    return params.chat()


def _markup(params: Params, *, inline_only: bool = False) -> dict[str, Any] | None:
    raw = params.json("reply_markup", "reply keyboard markup")
    return check_markup(raw, inline_only=inline_only)


def _formatted(params: Params, text_name: str, entities_name: str) -> tuple[str | None, Any]:
    """The text and its entities, which may come as HTML. Markdown is not spoken here."""
    text = params.text(text_name)
    mode = (params.text("parse_mode") or "").lower()
    if not mode or text is None:
        return text, params.json(entities_name, "message entities")
    if mode != "html":
        raise bad_request("unsupported parse_mode")
    return parse(text)
