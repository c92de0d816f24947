"""Cuts a TCP byte stream into FIX messages, and drops what is not one."""

from __future__ import annotations

_START = b"8=FIX"
_SOH = b"\x01"
_TRAILER_SIZE = len(b"10=000\x01")
BODY_SIZE_MAX = 1 << 16


def checksum(data: bytes) -> int:
    """The FIX CheckSum (10) of everything before the trailer."""
    return sum(data) & 255


def frame(body: bytes, begin_string: bytes = b"FIX.4.4") -> bytes:
    """Wraps a body, which begins with ``35=`` and ends with SOH, into a whole message."""
    head = b"8=%b\x019=%d\x01%b" % (begin_string, len(body), body)
    return b"%b10=%03d\x01" % (head, checksum(head))


class FrameReader:
    """Collects bytes and gives back whole messages whose BodyLength (9) and CheckSum (10) are right.

    A garbled message is dropped as if it had never come, as the session rules demand: the gap in the sequence
    numbers will show it.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.garbled_count = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that these bytes complete."""
        self._buffer += data
        messages: list[bytes] = []
        while self._seek_start():
            size = self._message_size()
            if size is None:
                break
            if size and self._is_sound(size):
                messages.append(bytes(self._buffer[:size]))
                del self._buffer[:size]
            else:
                # Skip only the start mark: the next message may begin inside what this one claimed to hold.
                self.garbled_count += 1
                del self._buffer[: len(_START)]
        return messages

    def _seek_start(self) -> bool:
        at = self._buffer.find(_START)
        if at < 0:
            keep = min(len(self._buffer), len(_START) - 1)
            del self._buffer[: len(self._buffer) - keep]
            return False
        if at:
            self.garbled_count += 1
            del self._buffer[:at]
        return True

    def _message_size(self) -> int | None:
        """The size of the message at the start; 0 when it can't be one; None when more bytes are needed."""
        after_begin = self._buffer.find(_SOH, 0, 16)
        if after_begin < 0:
            return None if len(self._buffer) < 16 else 0
        length_end = self._buffer.find(_SOH, after_begin + 1, after_begin + 12)
        if length_end < 0:
            return None if len(self._buffer) < after_begin + 12 else 0
        field = bytes(self._buffer[after_begin + 1 : length_end])
        if not field.startswith(b"9=") or not field[2:].isdigit() or int(field[2:]) > BODY_SIZE_MAX:
            return 0
        size = length_end + 1 + int(field[2:]) + _TRAILER_SIZE
        return size if len(self._buffer) >= size else None

    def _is_sound(self, size: int) -> bool:
        trailer = bytes(self._buffer[size - _TRAILER_SIZE : size])
        if not (trailer.startswith(b"10=") and trailer.endswith(_SOH) and trailer[3:6].isdigit()):
            return False
        ends_well = self._buffer[size - _TRAILER_SIZE - 1] == 1
        return ends_well and int(trailer[3:6]) == checksum(bytes(self._buffer[: size - _TRAILER_SIZE]))
