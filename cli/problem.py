"""How the command fails: one sentence, an exit code that a script can read, never a traceback."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    FORBIDDEN = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130


class Problem(Exception):
    """Something the user has to know; the text is one sentence."""

    def __init__(self, message: str, code: Exit = Exit.REFUSED) -> None:
        super().__init__(message)
        self.code = code
