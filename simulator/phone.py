"""One person's phone: what a person can do, and what stands on the screen."""

from __future__ import annotations

from typing import Any

from simulator.cloud import Chat, Cloud, Person, Tap
from simulator.messages import ChatMessage, File, Toast, found_entities


class NoSuchButton(AssertionError):
    """The screen has no button like that; the message names the ones it has."""


class Phone:
    """A person in the private chat with the bot."""

    def __init__(self, cloud: Cloud, person: Person, chat: Chat) -> None:
        self._cloud = cloud
        self._person = person
        self._chat = chat

    @property
    def user_id(self) -> int:
        """The account's id."""
        return self._person.user_id

    @property
    def chat_id(self) -> int:
        """The private chat's id: Telegram uses the account's."""
        return self._chat.id

    @property
    def name(self) -> str:
        """First and last name as the person wrote them."""
        return self._person.name

    @property
    def language(self) -> str:
        """The language of the person's app."""
        return self._person.language

    @property
    def started(self) -> bool:
        """Whether the person ever pressed Start."""
        return self._person.started

    @property
    def blocked(self) -> bool:
        """Whether the person blocked the bot."""
        return self._person.blocked

    @property
    def messages(self) -> list[ChatMessage]:
        """All messages of the chat, the deleted ones too, oldest first."""
        return list(self._chat.messages.values())

    @property
    def last(self) -> ChatMessage:
        """The newest message of the bot that still stands; raises when there is none."""
        for message in reversed(self._chat.messages.values()):
            if message.from_bot and not message.deleted:
                return message
        raise AssertionError(f"the bot has not written to {self.name}")

    @property
    def toasts(self) -> list[Toast]:
        """Answers to taps that had something to say, oldest first."""
        return self._chat.toasts

    @property
    def menu_commands(self) -> list[dict[str, str]]:
        """What the "/" menu lists for this person."""
        return self._cloud.commands_for(self._chat.id, self._person.language)

    @property
    def description(self) -> str:
        """What the bot says about itself in the empty chat."""
        texts = self._cloud.descriptions
        own = texts.get(("description", self._person.language))
        return own or texts.get(("description", ""), "")

    @property
    def typing(self) -> bool:
        """Whether the bot is shown as typing."""
        until = self._chat.typing_until
        return until is not None and until > self._cloud.now()

    @property
    def menu_button(self) -> dict[str, Any]:
        """The button beside the text field, in Telegram's `MenuButton` shape."""
        return self._cloud.menu_button_for(self._chat.id)

    async def send(self, text: str, *, reply_to: int | None = None) -> ChatMessage:
        """Write a text. The first one of an account counts as its start."""
        return self._say(text=text, entities=found_entities(text), reply_to=reply_to)

    async def start(self, payload: str = "") -> ChatMessage:
        """Press Start, or open a link or QR code that carries a payload."""
        return await self.send(f"/start {payload}".strip())

    async def tap(self, label: str, message: ChatMessage | None = None) -> str:
        """Press a button by its label or callback data, on the newest message that has it.

        The id of the tap, or the address when the button is a link. A button of a reply keyboard
        sends its label. Raises NoSuchButton.
        """
        places = [message] if message else list(reversed(self._standing()))
        for place in places:
            for button in self._buttons(place):
                if label in (button["text"], button.get("callback_data")):
                    return await self._press(place, button)
        shown = [button["text"] for place in places for button in self._buttons(place)]
        raise NoSuchButton(f"{self.name} sees no {label!r}; on the screen: {shown}")

    async def press_raw(self, data: str, message_id: int) -> str:
        """Send any callback data for any message of this chat, as a forged app could."""
        return self._tap(data, message_id)

    async def block(self) -> None:
        """Block the bot."""
        if not self._person.blocked:
            self._person.blocked = True
            self._membership("member", "kicked")

    async def unblock(self) -> None:
        """Unblock the bot."""
        if self._person.blocked:
            self._person.blocked = False
            self._membership("kicked", "member")

    async def edit_text(self, message: ChatMessage, text: str) -> None:
        """Change a message of one's own."""
        assert not message.from_bot, "a person edits only own messages"
        message.text, message.entities = text, found_entities(text)
        message.edited += 1
        message.edit_date = self._cloud.now()
        self._cloud.changed("message", self._chat.id, message)
        self._update("edited_message", self._cloud.render(message))

    async def send_photo(self, caption: str = "") -> ChatMessage:
        """Send a picture."""
        file = File(self._file_id(), "foto.png", "image/png", b"", 320, 240)
        return self._say(text=caption, photo=file)

    async def send_sticker(self, emoji: str = "👍") -> ChatMessage:
        """Send a sticker."""
        sticker = {
            **self._file(),
            "type": "regular",
            "width": 512,
            "height": 512,
            "is_animated": False,
            "is_video": False,
            "emoji": emoji,
        }
        return self._say(attached={"sticker": sticker})

    async def send_contact(self, phone_number: str, *, of: Phone | None = None) -> ChatMessage:
        """Share a phone number: one's own, or somebody else's card."""
        owner = of or self
        first, _, last = owner.name.partition(" ")
        contact: dict[str, Any] = {"phone_number": phone_number, "first_name": first}
        if last:
            contact["last_name"] = last
        return self._say(attached={"contact": {**contact, "user_id": owner.user_id}})

    async def send_location(self, latitude: float, longitude: float) -> ChatMessage:
        """Share a place."""
        return self._say(attached={"location": {"latitude": latitude, "longitude": longitude}})

    async def send_voice(self, seconds: int = 3) -> ChatMessage:
        """Send a voice note."""
        voice = {**self._file(), "duration": seconds, "mime_type": "audio/ogg"}
        return self._say(attached={"voice": voice})

    def standing(self, label: str) -> bool:
        """Whether some message on the screen has this button."""
        return any(
            label in (button["text"], button.get("callback_data"))
            for message in self._standing()
            for button in self._buttons(message)
        )

    def _standing(self) -> list[ChatMessage]:
        return [m for m in self._chat.messages.values() if m.from_bot and not m.deleted]

    @staticmethod
    def _buttons(message: ChatMessage) -> list[dict[str, Any]]:
        markup = message.markup or {}
        rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
        return [button for row in rows for button in row]

    async def _press(self, message: ChatMessage, button: dict[str, Any]) -> str:
        if "callback_data" in button:
            return self._tap(button["callback_data"], message.id)
        if message.markup and "keyboard" in message.markup:
            if button.get("request_contact"):
                return str((await self.send_contact("+6281200000000")).id)
            return str((await self.send(button["text"])).id)
        return str(button.get("url") or button.get("web_app", {}).get("url", ""))

    def _tap(self, data: str, message_id: int) -> str:
        cloud = self._cloud
        tap_id = str(4_000_000_000_000_000 + cloud.serial())
        cloud.taps[tap_id] = Tap(self._chat.id, cloud.now())
        message = self._chat.messages.get(message_id)
        if message is None or message.deleted:
            chat = self._chat.as_json()
            shown: dict[str, Any] = {"chat": chat, "message_id": message_id, "date": 0}
        else:
            shown = cloud.render(message)
        query = {
            "id": tap_id,
            "from": self._person.as_user(),
            "message": shown,
            "chat_instance": str(-(self._chat.id * 31 + 7)),
            "data": data,
        }
        cloud.updates.add("callback_query", query, ("c", self.user_id))
        return tap_id

    def _say(
        self,
        *,
        text: str = "",
        entities: list[dict[str, Any]] | None = None,
        photo: File | None = None,
        attached: dict[str, Any] | None = None,
        reply_to: int | None = None,
    ) -> ChatMessage:
        assert not self._person.blocked, f"{self.name} blocked the bot: unblock first"
        first = not self._person.started
        self._person.started = True
        message = ChatMessage(
            id=self._cloud.next_message_id(self._chat),
            chat_id=self._chat.id,
            from_bot=False,
            sender_id=self.user_id,
            date=self._cloud.now(),
            text=text,
            entities=entities or [],
            photo=photo,
            attached=attached or {},
            reply_to=reply_to,
        )
        self._cloud.add(self._chat, message)
        if first:
            self._cloud.changed("phone", self._chat.id)
        self._update("message", self._cloud.render(message))
        return message

    def _membership(self, old: str, new: str) -> None:
        change = {
            "chat": self._chat.as_json(),
            "from": self._person.as_user(),
            "date": int(self._cloud.now().timestamp()),
            "old_chat_member": member(self._cloud.bot, old),
            "new_chat_member": member(self._cloud.bot, new),
        }
        self._cloud.updates.add("my_chat_member", change, ("s", self._chat.id))
        self._cloud.changed("phone", self._chat.id)

    def _update(self, kind: str, payload: dict[str, Any]) -> None:
        self._cloud.updates.add(kind, payload, ("m", self._chat.id))

    def _file_id(self) -> str:
        return f"AgAD{self._cloud.serial():08d}"

    def _file(self) -> dict[str, Any]:
        file_id = self._file_id()
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": 2048}


def member(user: dict[str, Any], status: str) -> dict[str, Any]:
    """Telegram's `ChatMember` of a status; "kicked" carries until when (0: for ever)."""
    one: dict[str, Any] = {"user": user, "status": status}
    if status == "kicked":
        one["until_date"] = 0
    return one
