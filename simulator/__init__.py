"""A local Telegram: a Bot API server with scripted faults and phones in a web page."""

from simulator.cloud import Change
from simulator.faults import Dropped, Fault, Faults
from simulator.flood import Limits
from simulator.groups import Group
from simulator.messages import Button, ChatMessage, File, Toast
from simulator.phone import NoSuchButton, Phone
from simulator.record import Record
from simulator.server import Reply, Simulator
from simulator.stage import CastMember, Scannable, Stage
from simulator.webhook import Poster, Receipt

__all__ = [
    "Button",
    "CastMember",
    "Change",
    "ChatMessage",
    "Dropped",
    "Fault",
    "Faults",
    "File",
    "Group",
    "Limits",
    "NoSuchButton",
    "Phone",
    "Poster",
    "Receipt",
    "Record",
    "Reply",
    "Scannable",
    "Simulator",
    "Stage",
    "CastMember",
    "Toast",
]
