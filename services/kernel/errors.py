"""The one error of the engine. A refusal that is to be recorded is an answer, not an error."""

from enum import Enum, auto


class Kind(Enum):
    """What the caller can do about an error."""

    INVALID = auto()  # fix the request
    UNAUTHENTICATED = auto()  # log in again
    FORBIDDEN = auto()  # ask for the right
    NOT_FOUND = auto()
    CONFLICT = auto()  # the key was used for something else
    PRECONDITION = auto()  # change the state first
    STALE = auto()  # read again, then retry
    LIMITED = auto()  # slow down; nothing was done
    UNAVAILABLE = auto()  # retry the same call
    TIMEOUT = auto()  # retry the same call; it may have been carried out


class EngineError(Exception):
    """A call that failed, for a reason that a program can read.

    `reason` is UPPER_SNAKE, at most 63 characters, and never changes its meaning. `metadata` repeats what the message
    says in words; `violations` are (field, what is wrong with it).
    """

    def __init__(
        self,
        kind: Kind,
        reason: str,
        message: str,
        *,
        violations: tuple[tuple[str, str], ...] = (),
        **metadata: str,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.reason = reason
        self.message = message
        self.violations = violations
        self.metadata = metadata

    def __repr__(self) -> str:
        return f"EngineError({self.kind.name}, {self.reason!r}, {self.message!r})"
