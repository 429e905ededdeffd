"""Scripted faults: what can go wrong between a bot and Telegram, call by call."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.strict import ApiError, bad_request, forbidden

# Before the method runs: nothing is accepted.
REFUSALS = frozenset(
    {
        "400",
        "409",
        "429",
        "500",
        "502",
        "504",
        "blocked",
        "chat_not_found",
        "deactivated",
        "kicked",
        "migrate",
        "not_found",
        "revoked",
    }
)
# After the method ran: its effect stands, only the answer suffers.
SPOILED = frozenset({"502_after", "delay_after", "drip", "drop_after", "truncated", "wrong_type"})
KINDS = REFUSALS | SPOILED | {"delay", "drop_before", "hang"}


class Dropped(Exception):
    """The connection ended without an answer. Only in-process callers see this class."""

    def __init__(self, *, accepted: bool) -> None:
        super().__init__("accepted" if accepted else "not accepted")
        self.accepted = accepted


@dataclass(slots=True)
class Fault:
    """One scripted fault; it strikes `times` calls that match, then is used up."""

    kind: str
    method: str | None
    chat: int | None
    times: int
    every: int
    retry_after: int | None
    seconds: float
    to: int | None
    description: str | None
    seen: int = 0
    hits: int = 0

    def strikes(self, method: str, chat: int | str | None) -> bool:
        """Whether this call is hit; counts the calls that match."""
        if self.hits >= self.times:
            return False
        if self.method is not None and self.method.lower() != method.lower():
            return False
        if self.chat is not None and self.chat != chat:
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.hits += 1
        return True


class Faults:
    """The script. Faults are tried in the order in which they were added; one strikes a call."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        *,
        kind: str,
        method: str | None = None,
        chat: int | None = None,
        times: int = 1,
        every: int = 1,
        retry_after: int | None = None,
        seconds: float = 0.0,
        to: int | None = None,
        description: str | None = None,
    ) -> Fault:
        """Script one fault.

        `every=3` strikes each third matching call. `retry_after` belongs to "429" and may be left
        out, as Telegram sometimes does. `seconds` belongs to "delay", "delay_after" and "hang"
        ("hang" drops the call afterwards). `to` is the new chat of "migrate"; `description` the
        words of "400". Raises ValueError for an unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(sorted(KINDS))}")
        fault = Fault(kind, method, chat, times, every, retry_after, seconds, to, description)
        self._faults.append(fault)
        return fault

    def take(self, method: str, chat: int | str | None) -> Fault | None:
        """The fault that strikes this call, if any."""
        for fault in self._faults:
            if fault.strikes(method, chat):
                return fault
        return None

    def clear(self) -> None:
        """Forget the script."""
        self._faults.clear()


def refusal(fault: Fault) -> ApiError:
    """The error of a kind in `REFUSALS`. "502" and "504" are HTML on the wire."""
    match fault.kind:
        case "429":
            return too_many(fault.retry_after)
        case "blocked":
            return forbidden("bot was blocked by the user")
        case "deactivated":
            return forbidden("user is deactivated")
        case "kicked":
            return forbidden("bot was kicked from the supergroup chat")
        case "revoked":
            return ApiError(401, "Unauthorized")
        case "not_found":
            return ApiError(404, "Not Found")
        case "chat_not_found":
            return bad_request("chat not found")
        case "409":
            return ApiError(409, "Conflict: " + CONFLICT_POLL)
        case "500":
            return ApiError(500, "Internal Server Error: restart")
        case "migrate":
            return ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": fault.to},
            )
        case "400":
            return bad_request(fault.description or "REQUEST_INVALID")
        case _:
            return ApiError(int(fault.kind), "Bad Gateway")


CONFLICT_POLL = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)


def too_many(retry_after: int | None) -> ApiError:
    """A 429; without `retry_after` it carries no parameters."""
    if retry_after is None:
        return ApiError(429, "Too Many Requests")
    return ApiError(
        429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after}
    )
