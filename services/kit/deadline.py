"""The deadline of the call being answered, for the calls that answering it makes."""

from contextvars import ContextVar

from services.kernel.clock import monotonic

# What a caller keeps for itself of the time that it was given.
SHAVE_S = 0.02

# When the call being answered must be answered, on the monotonic clock; None outside of one.
deadline_at: ContextVar[float | None] = ContextVar("deadline_at", default=None)


def remaining_s(default: float) -> float:
    """How long a call made now may take: `default`, but not beyond what is left of the call being answered."""
    outer = deadline_at.get()
    return default if outer is None else max(0.001, min(default, outer - monotonic() - SHAVE_S))
