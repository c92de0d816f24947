"""Where moments and durations come from. Domain code gets them as values."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Now = Callable[[], datetime]
Monotonic = Callable[[], float]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The moment, in UTC, with microseconds."""
    return datetime.now(UTC)  # noqa: TID251 -- the one place


def monotonic() -> float:
    """Seconds on a clock that never jumps; only differences mean something."""
    return time.monotonic()


def monotonic_us() -> int:
    """Microseconds on the clock that never jumps."""
    return time.monotonic_ns() // 1_000


def to_us(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exact."""
    return (moment - EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The moment that lies `us` microseconds after 1970-01-01 UTC."""
    return EPOCH + timedelta(microseconds=us)
