"""What a call came back with, whatever door it went through, and asking again while the outcome is unknown."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from google.rpc import code_pb2

Json = dict[str, Any]

# After these the same call may be made again: nothing was done, or it is idempotent.
_ASK_AGAIN = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0

PATIENCE_S = 30.0


class Unavailable(Exception):
    """The system gave no answer for as long as the demo waits."""


class Wrong(Exception):
    """The system answered something that makes going on pointless."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `code` is the name of a gRPC status; `body` is the message in JSON shape."""

    code: str
    reason: str = ""
    message: str = ""
    body: Json = field(default_factory=dict)
    ms: float = 0.0
    http_status: int = 0
    attempts: int = 1

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.code == "OK"

    def __str__(self) -> str:
        return "OK" if self.ok else f"{self.code} {self.reason}: {self.message}"


def refusal(status: Json, ms: float, http_status: int = 0) -> Reply:
    """The reply that a `google.rpc.Status` in JSON shape stands for."""
    number = int(status.get("code", code_pb2.UNKNOWN))
    known = number in code_pb2.Code.values()
    reasons = [detail["reason"] for detail in status.get("details", []) if detail.get("reason")]
    return Reply(
        code=code_pb2.Code.Name(number) if known else f"CODE_{number}",  # type: ignore[arg-type]
        reason=reasons[0] if reasons else "",
        message=str(status.get("message", "")),
        body=status,
        ms=ms,
        http_status=http_status,
    )


def patiently(call: Callable[[], Reply], patience_s: float = PATIENCE_S) -> Reply:
    """Makes the call, and makes it again while the answer is "not now" or "outcome unknown", for a bounded time."""
    give_up = time.monotonic() + patience_s
    pause, attempts = _FIRST_PAUSE_S, 1
    while (reply := call()).code in _ASK_AGAIN:
        if time.monotonic() + pause > give_up:
            raise Unavailable(f"no answer within {patience_s:.0f} s, last: {reply}")
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_S)
        attempts += 1
    return replace(reply, attempts=attempts)
