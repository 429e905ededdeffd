"""Telegram: updates read into Inbound, Outbound sent as calls to the Bot API."""

from channels.telegram.adapter import Telegram, Webhook
from channels.telegram.reader import Head

__all__ = ["Head", "Telegram", "Webhook"]
