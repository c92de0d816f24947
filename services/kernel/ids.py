"""Typed ids. All are UUIDs; new ones are of version 7, so they sort by time."""

import os
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NewType
from uuid import UUID

from services.kernel.errors import EngineError, Kind

AccountId = NewType("AccountId", UUID)
ClientOrderId = NewType("ClientOrderId", str)
FillId = NewType("FillId", UUID)
OrderId = NewType("OrderId", UUID)
PositionId = NewType("PositionId", UUID)
TransactionId = NewType("TransactionId", UUID)
UserId = NewType("UserId", UUID)

NewId = Callable[[], UUID]

_RANDOM_BITS = 62
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_TEXTS_MAX = 8_192

# An id is written many times while it is of interest, and to make its text costs several times as much as to find it.
id_text: Callable[[UUID], str] = lru_cache(maxsize=_TEXTS_MAX)(str)


class Entropy:
    """Random bytes of the system, taken from it many at a time: a call of the kernel costs more than the bytes."""

    def __init__(self, source: Callable[[int], bytes] = os.urandom, size: int = 4_096) -> None:
        self._source = source
        self._size = size
        self._bytes = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        """The next `count` bytes; none is given twice."""
        taken = self._bytes[self._at : self._at + count]
        if len(taken) < count:
            self._bytes, self._at = self._source(max(self._size, count)), 0
            taken = self._bytes[:count]
        self._at += count
        return taken


class Uuid7Source:
    """Makes UUIDs of version 7 (RFC 9562) that grow: the 12 bits after the milliseconds count within one.

    More than 4,096 in one millisecond borrow from the next one.
    """

    def __init__(self, now_ns: Callable[[], int] = time.time_ns, entropy: Callable[[int], bytes] | None = None) -> None:
        self._now_ns = now_ns
        self._entropy = entropy or Entropy()
        self._last = 0

    def __call__(self) -> UUID:
        tick = max((self._now_ns() // 1_000_000) << 12, self._last + 1)
        self._last = tick
        random = int.from_bytes(self._entropy(8), "big") & _RANDOM_MASK
        return UUID(int=(tick >> 12 << 80) | (0x7 << 76) | ((tick & 0xFFF) << 64) | (0b10 << 62) | random)


new_id: NewId = Uuid7Source()


def parse_id(field: str, text: str) -> UUID:
    """Reads a UUID, or says which field is wrong."""
    try:
        return UUID(text)
    except ValueError:
        raise EngineError(
            Kind.INVALID, "ID_INVALID", f"{field} must be a UUID, was {text[:64]!r}", field=field
        ) from None
