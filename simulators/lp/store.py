"""What a session remembers over restarts: its two next sequence numbers, and the messages it may have to send again."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Protocol

_ENTRY = struct.Struct(">QI")


class Store(Protocol):
    """The memory of one session."""

    next_out: int
    next_in: int

    def save_numbers(self) -> None:
        """Keeps `next_out` and `next_in`."""

    def keep(self, sequence: int, raw: bytes) -> None:
        """Keeps a sent message for a resend."""

    def sent(self, sequence: int) -> bytes | None:
        """The kept message of that number."""

    def reset(self) -> None:
        """Forgets everything; both numbers are 1 again."""


class MemoryStore:
    """Forgets with the process. The other end must then reset its numbers too."""

    def __init__(self) -> None:
        self.next_out = 1
        self.next_in = 1
        self._messages: dict[int, bytes] = {}

    def save_numbers(self) -> None:
        """Nothing to do: the numbers are where they are kept."""

    def keep(self, sequence: int, raw: bytes) -> None:
        """Keeps a sent message for a resend."""
        self._messages[sequence] = raw

    def sent(self, sequence: int) -> bytes | None:
        """The kept message of that number."""
        return self._messages.get(sequence)

    def reset(self) -> None:
        """Forgets everything; both numbers are 1 again."""
        self.next_out = self.next_in = 1
        self._messages.clear()


class FileStore(MemoryStore):
    """Two files in a folder: `numbers`, overwritten in place, and `messages`, appended to.

    Survives the death of the process, not of the machine: nothing is synced to the disk.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._numbers = os.open(folder / "numbers", os.O_RDWR | os.O_CREAT, 0o600)
        self._log = os.open(folder / "messages", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._load()

    def _load(self) -> None:
        numbers = os.pread(self._numbers, 64, 0).split()
        if len(numbers) == 2:
            self.next_out, self.next_in = int(numbers[0]), int(numbers[1])
        log = os.pread(self._log, os.fstat(self._log).st_size, 0)
        at = 0
        while at + _ENTRY.size <= len(log):
            sequence, size = _ENTRY.unpack_from(log, at)
            at += _ENTRY.size
            if at + size > len(log):
                os.ftruncate(self._log, at - _ENTRY.size)  # The process died while writing this one.
                break
            self._messages[sequence] = log[at : at + size]
            at += size

    def save_numbers(self) -> None:
        """Overwrites the numbers in place."""
        os.pwrite(self._numbers, b"%020d %020d\n" % (self.next_out, self.next_in), 0)

    def keep(self, sequence: int, raw: bytes) -> None:
        """Appends the message to the log."""
        super().keep(sequence, raw)
        os.write(self._log, _ENTRY.pack(sequence, len(raw)) + raw)

    def reset(self) -> None:
        """Empties both files."""
        super().reset()
        os.ftruncate(self._log, 0)
        self.save_numbers()

    def close(self) -> None:
        """Gives the files back."""
        os.close(self._numbers)
        os.close(self._log)
