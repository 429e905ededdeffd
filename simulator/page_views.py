"""What the phones page is told, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from simulator.messages import ChatMessage, File, Toast
from simulator.phone import Phone
from simulator.stage import CastMember, Scannable

if TYPE_CHECKING:
    from simulator.server import Simulator

# A long demo should not make the page slow; older messages stay in the simulator.
SHOWN_MESSAGES = 300


def message_view(message: ChatMessage) -> dict[str, Any]:
    """One bubble."""
    markup = message.markup or {}
    view: dict[str, Any] = {
        "id": message.id,
        "from_bot": message.from_bot,
        "text": _shown_text(message),
        "entities": message.entities,
        "date": message.date.isoformat(),
        "edited": message.edited,
        "deleted": message.deleted,
        "rows": [[_button(one) for one in row] for row in markup.get("inline_keyboard", [])],
        "attached": next(iter(message.attached), None),
    }
    if "keyboard" in markup:
        view["reply_rows"] = [[_answer(one) for one in row] for row in markup["keyboard"]]
    if markup.get("remove_keyboard"):
        view["reply_rows"] = []
    if message.document:
        view["document"] = _file(message.document)
    if message.photo and message.photo.content:
        view["photo"] = _file(message.photo)
    elif message.photo:
        view["attached"] = "photo"
    return view


def toast_view(toast: Toast) -> dict[str, Any]:
    """The answer to a tap."""
    return {"text": toast.text, "alert": toast.alert, "url": toast.url}


def phone_view(phone: Phone) -> dict[str, Any]:
    """Everything of a phone but its messages."""
    return {
        "user_id": phone.user_id,
        "started": phone.started,
        "blocked": phone.blocked,
        "typing": phone.typing,
        "commands": phone.menu_commands,
        "menu_button": phone.menu_button,
        "description": phone.description,
    }


def cast_view(simulator: Simulator, member: CastMember) -> dict[str, Any]:
    """A person of the cast with the phone as it stands."""
    phone = phone_of(simulator, member)
    return {
        **phone_view(phone),
        "name": member.name,
        "role": member.role,
        "intro": dict(member.intro),
        "messages": [message_view(one) for one in phone.messages[-SHOWN_MESSAGES:]],
    }


def phone_of(simulator: Simulator, member: CastMember) -> Phone:
    """The phone of a person of the cast."""
    return simulator.person(member.name, user_id=member.user_id)


def scannable_view(simulator: Simulator, one: Scannable) -> dict[str, Any]:
    """Something to scan, with the link its code holds."""
    return {
        "label": one.label,
        "sublabel": one.sublabel,
        "payload": one.payload,
        "kind": one.kind,
        "link": start_link(simulator, one.payload),
    }


def start_link(simulator: Simulator, payload: str) -> str:
    """The deep link of a start payload."""
    return f"https://t.me/{simulator.username}?start={quote(payload, safe='')}"


def _shown_text(message: ChatMessage) -> str:
    # The app hides the payload of a start; people never see it.
    hidden = not message.from_bot and message.text.startswith("/start ")
    return "/start" if hidden else message.text


def _button(button: dict[str, Any]) -> dict[str, str]:
    if "callback_data" in button:
        return {"label": button["text"], "data": button["callback_data"]}
    url = button.get("url") or button.get("web_app", {}).get("url", "")
    return {"label": button["text"], "url": url}


def _answer(button: dict[str, Any]) -> dict[str, Any]:
    return {"label": button["text"], "contact": bool(button.get("request_contact"))}


def _file(file: File) -> dict[str, Any]:
    return {
        "id": file.file_id,
        "name": file.name,
        "mime": file.mime,
        "size": len(file.content),
        "width": file.width,
        "height": file.height,
    }
