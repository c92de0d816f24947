"""The log file of a process: appended to, kept small by setting the old one aside at a start."""

import os
from collections import deque
from pathlib import Path
from typing import BinaryIO

BYTES_MAX = 10 * 1024 * 1024


def open_log(file: Path) -> BinaryIO:
    """Open a log to append to; one that has grown large becomes `.1` first."""
    if file.exists() and file.stat().st_size > BYTES_MAX:
        file.replace(file.with_name(file.name + ".1"))
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def tail(file: Path, count: int) -> list[str]:
    """Return the last lines of a log, none if there is no log."""
    try:
        with file.open(errors="replace") as lines:
            return [line.rstrip("\n") for line in deque(lines, maxlen=count)]
    except OSError:
        return []
