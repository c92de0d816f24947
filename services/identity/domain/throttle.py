"""Slowing down whoever guesses the password of one user."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_MAX = 10
WINDOW = timedelta(minutes=5)
FIRST_PAUSE = timedelta(seconds=30)
PAUSE_MAX = timedelta(minutes=15)
USERS_MAX = 10_000
# 30 s doubled so often is beyond the longest pause.
_DOUBLINGS_MAX = 5


@dataclass(slots=True)
class _Record:
    failures: list[datetime]
    pauses: int
    paused_until: datetime


class Throttle:
    """Counts failed logins a username. The tenth within 5 minutes brings a pause; each failure after it a longer one.

    An unknown username is counted as a known one is, so a pause tells nothing. The counts of the users who failed
    longest ago are forgotten when there are too many; all are when the process ends.
    """

    def __init__(self, users_max: int = USERS_MAX) -> None:
        self._users_max = users_max
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def pause_of(self, username: str, now: datetime) -> timedelta:
        """How long the user must wait; zero or less when there is no need."""
        record = self._records.get(username)
        return timedelta() if record is None else record.paused_until - now

    def failed(self, username: str, now: datetime) -> None:
        """Counts a failed login."""
        record = self._records.pop(username, None) or _Record([], 0, now)
        if record.paused_until + WINDOW < now:
            record.pauses = 0
        recent = [at for at in record.failures if at > now - WINDOW]
        record.failures = [*recent[1 - FAILURES_MAX :], now]
        if record.pauses or len(record.failures) >= FAILURES_MAX:
            record.paused_until = now + min(PAUSE_MAX, FIRST_PAUSE * 2 ** min(record.pauses, _DOUBLINGS_MAX))
            record.pauses += 1
        self._records[username] = record
        if len(self._records) > self._users_max:
            self._records.popitem(last=False)

    def succeeded(self, username: str) -> None:
        """Forgets the failures of a user who proved to be that user."""
        self._records.pop(username, None)
