"""FIX messages as objects, on simplefix; UTC timestamps in microseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import simplefix

Pairs = Iterable[tuple[int, str | bytes | int]]

_MICROSECONDS = 1_000_000


class BadMessage(Exception):
    """A message that lacks a field, or has one that can't be read. Says so in the words of a Reject (3)."""

    def __init__(self, reason: int, tag: int, text: str) -> None:
        super().__init__(text)
        self.reason, self.tag, self.text = reason, tag, text


REQUIRED_TAG_MISSING = 1
VALUE_INCORRECT = 5
FORMAT_INCORRECT = 6
COMP_ID_PROBLEM = 9
SENDING_TIME_PROBLEM = 10


class Message:
    """One received message."""

    def __init__(self, raw: bytes) -> None:
        parser = simplefix.FixParser()
        parser.append_buffer(raw)
        parsed = parser.get_message()
        if parsed is None:
            raise BadMessage(FORMAT_INCORRECT, 0, "not a FIX message")
        self._message = parsed
        self.type: str = self.text(35)

    def get(self, tag: int, nth: int = 1) -> str | None:
        """The field as text, or None."""
        value: bytes | None = self._message.get(tag, nth)
        return None if value is None else value.decode("latin-1")

    def text(self, tag: int) -> str:
        """The field as text; it must be there and not be empty."""
        value = self.get(tag)
        if not value:
            raise BadMessage(REQUIRED_TAG_MISSING, tag, f"Required tag missing: {tag}")
        return value

    def number(self, tag: int) -> int:
        """The field as an integer; it must be there and not be negative."""
        value = self.text(tag)
        if not (value.isascii() and value.isdigit()):
            raise BadMessage(FORMAT_INCORRECT, tag, f"Incorrect data format for value: {tag}={value}")
        return int(value)

    def flag(self, tag: int) -> bool:
        """Whether the field is there and says ``Y``."""
        return self.get(tag) == "Y"

    def all(self, tag: int) -> list[str]:
        """Every occurrence of the field, in order."""
        values: list[str] = []
        while (value := self.get(tag, len(values) + 1)) is not None:
            values.append(value)
        return values


@dataclass(frozen=True, slots=True)
class Identity:
    """The two ends of a session, as this end writes them."""

    sender: str
    target: str
    sub: str

    @property
    def name(self) -> str:
        """A name fit for a folder."""
        return f"{self.sender}-{self.target}-{self.sub}"


def encode(identity: Identity, msg_type: str, sequence: int, sent_us: int, body: Pairs, header: Pairs = ()) -> bytes:
    """A whole message. `header` holds the optional header fields (43, 122)."""
    message = simplefix.FixMessage()
    message.append_pair(8, "FIX.4.4", header=True)
    message.append_pair(35, msg_type, header=True)
    message.append_pair(34, sequence, header=True)
    message.append_pair(49, identity.sender, header=True)
    message.append_pair(50, identity.sub, header=True)
    message.append_pair(52, stamp(sent_us), header=True)
    message.append_pair(56, identity.target, header=True)
    message.append_pair(57, identity.sub, header=True)
    for tag, value in header:
        message.append_pair(tag, value, header=True)
    for tag, value in body:
        message.append_pair(tag, value)
    encoded: bytes = message.encode()
    return encoded


_second_cache: tuple[int, str] = (-1, "")


def stamp(at_us: int) -> str:
    """``20260131-12:34:56.000123``."""
    global _second_cache
    second, microseconds = divmod(at_us, _MICROSECONDS)
    if second != _second_cache[0]:
        _second_cache = (second, datetime.fromtimestamp(second, UTC).strftime("%Y%m%d-%H:%M:%S"))
    return f"{_second_cache[1]}.{microseconds:06d}"


def moment_us(text: str) -> int:
    """The microseconds since 1970 that a UTCTimestamp says."""
    whole, _, fraction = text.partition(".")
    try:
        second = datetime.strptime(whole, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
        return int(second.timestamp()) * _MICROSECONDS + int((fraction + "000000")[:6])
    except ValueError:
        raise BadMessage(FORMAT_INCORRECT, 52, f"not a UTC timestamp: {text}") from None
