"""Messages that can't be used go to the log, without secrets, and not faster than a person could read."""

import re
from collections.abc import Callable

from services.fix_gateway.domain.provider import SessionKey
from services.kernel.clock import Monotonic
from services.kit import telemetry

_SECRETS = re.compile(r"(\x01(?:553|554|925|96)=)[^\x01]*")
_LINES_PER_S = 5
_LENGTH_MAX = 500

_log = telemetry.logger(__name__)


def redacted(raw: str) -> str:
    """The message for people: no secrets, bars for separators, not too long."""
    safe = _SECRETS.sub(r"\1***", raw).replace("\x01", "|").encode("ascii", "backslashreplace").decode()
    return safe if len(safe) <= _LENGTH_MAX else safe[:_LENGTH_MAX] + "…"


class LogQuarantine:
    """Writes them as warnings, a few a second for each session; the rest are only counted."""

    def __init__(self, monotonic: Monotonic, write: Callable[..., object] = _log.warning) -> None:
        self._monotonic = monotonic
        self._write = write
        self._windows: dict[SessionKey, tuple[int, int]] = {}
        self._silenced: dict[SessionKey, int] = {}

    def put(self, session: SessionKey, reason: str, raw: str) -> None:
        """Puts a message on record."""
        second = int(self._monotonic())
        window, written = self._windows.get(session, (second, 0))
        if window != second:
            window, written = second, 0
        self._windows[session] = window, written + 1
        if written >= _LINES_PER_S:
            self._silenced[session] = self._silenced.get(session, 0) + 1
            return
        self._write(
            "message quarantined",
            provider=session.provider,
            session=session.kind.name.lower(),
            reason=reason,
            raw=redacted(raw),
            silenced_count=self._silenced.pop(session, 0),
        )
