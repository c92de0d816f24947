"""Market data messages (W and X), from bytes to fields in one pass. Values stay text until a book needs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from services.kernel.clock import to_us

SOH = b"\x01"
BID, OFFER = b"0", b"1"
NEW, CHANGE, DELETE = b"0", b"1", b"2"
ENTRIES_MAX = 1000
_NO_PRICE, _NO_SIZE = b"\x01270=\x01", b"\x01271=\x01"

Entry = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""Action (279), type (269), key, symbol (55), price (270), size (271); empty where the message has none."""


class Malformed(Exception):
    """A message that can't be read; the text is the reason, short enough for a label."""


@dataclass(frozen=True, slots=True)
class MarketData:
    """What a full refresh (W) or an incremental refresh (X) says."""

    is_snapshot: bool
    request_id: bytes
    symbol: bytes
    sent_us: int
    possible_duplicate: bool
    entries: list[Entry]


def parse(raw: bytes) -> MarketData:
    """Reads a W or X message. Raises `Malformed`."""
    head, found, group = raw.partition(b"\x01268=")
    if not found:
        raise Malformed("no_entries")
    if _NO_PRICE in group or _NO_SIZE in group:
        # Not the same as a field that is left out, which may mean that it stays as it was.
        raise Malformed("no_value")
    is_snapshot = _field(head, b"\x0135=") == b"W"
    symbol = _field(head, b"\x0155=")
    if is_snapshot and not symbol:
        raise Malformed("no_symbol")
    delimiter = b"\x01269=" if is_snapshot else b"\x01279="
    count, *parts = group.split(delimiter)
    # Of a message without entries, `count` still holds what comes after it: the trailer.
    if not _is_number(count := count.partition(SOH)[0]) or int(count) != len(parts) or len(parts) > ENTRIES_MAX:
        raise Malformed("entry_count")
    return MarketData(
        is_snapshot=is_snapshot,
        request_id=_field(head, b"\x01262="),
        symbol=symbol,
        sent_us=sending_time_us(_field(head, b"\x0152=")),
        possible_duplicate=_field(head, b"\x0143=") == b"Y",
        entries=list(_snapshot_entries(parts, symbol) if is_snapshot else _incremental_entries(parts)),
    )


def _snapshot_entries(parts: list[bytes], symbol: bytes) -> Iterator[Entry]:
    for part in parts:
        kind, *fields = part.split(SOH)
        key = position = price = size = b""
        for field in fields:
            tag = field[:4]
            if tag == b"270=":
                price = field[4:]
            elif tag == b"271=":
                size = field[4:]
            elif tag in (b"278=", b"299="):
                key = key or field[4:]
            elif tag == b"290=":
                position = field[4:]
        yield NEW, kind, key or _own_key(kind, position, price), symbol, price, size


def _incremental_entries(parts: list[bytes]) -> Iterator[Entry]:
    symbol = b""
    for part in parts:
        action, *fields = part.split(SOH)
        kind = key = position = price = size = b""
        for field in fields:
            tag = field[:4]
            if tag == b"270=":
                price = field[4:]
            elif tag == b"271=":
                size = field[4:]
            elif tag == b"269=":
                kind = field[4:]
            elif tag == b"278=":
                key = field[4:]
            elif tag == b"290=":
                position = field[4:]
            elif tag[:3] == b"55=":
                symbol = field[3:]  # An entry without one is of the same symbol as the entry before.
        if action not in (NEW, CHANGE, DELETE):
            raise Malformed("update_action")
        if not symbol:
            raise Malformed("no_symbol")
        yield action, kind, key or _own_key(kind, position, price), symbol, price, size


def _own_key(kind: bytes, position: bytes, price: bytes) -> bytes:
    """The key of an entry of a provider that gives none: its position in the book, or its price."""
    return b"%b#%b" % (kind, position) if position else b"%b@%b" % (kind, price)


def _field(head: bytes, mark: bytes) -> bytes:
    at = head.find(mark)
    if at < 0:
        return b""
    at += len(mark)
    end = head.find(SOH, at)
    return head[at:end] if end >= 0 else head[at:]


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= 9


def request_id(raw: bytes) -> bytes:
    """The MDReqID (262) of any message; empty without one."""
    return _field(raw, b"\x01262=")


def text_of(raw: bytes, tag: int) -> str:
    """A field of any message, for people; empty without one."""
    return _field(raw, b"\x01%d=" % tag).decode("utf-8", "replace")


def sending_time_us(text: bytes) -> int:
    """Microseconds since 1970 of a UTCTimestamp, for example `20260131-12:34:56.789`."""
    fraction = text[18:]
    if len(text) > 17 and (text[17:18] != b"." or not _is_number(fraction)):
        raise Malformed("sending_time")
    return _second_us(text[:17]) + int((fraction + b"000000")[:6])


@lru_cache(maxsize=64)
def _second_us(text: bytes) -> int:
    try:
        moment = datetime.strptime(text.decode("ascii"), "%Y%m%d-%H:%M:%S")
    except ValueError:
        raise Malformed("sending_time") from None
    return to_us(moment.replace(tzinfo=UTC))
