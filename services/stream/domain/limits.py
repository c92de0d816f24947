"""How much a client may do."""

from dataclasses import dataclass

US_PER_S = 1_000_000


@dataclass(slots=True)
class Allowance:
    """So many messages at once, and so many a second in the long run."""

    per_s: int
    burst: int
    _full_at_us: int = 0

    def take(self, now_us: int) -> bool:
        """Whether one more is allowed now."""
        step = US_PER_S // self.per_s
        full_at_us = max(self._full_at_us, now_us) + step
        if full_at_us - now_us > self.burst * step:
            return False
        self._full_at_us = full_at_us
        return True


class UsedTickets:
    """The tickets that were used and have not expired. Times are seconds, or any other whole unit."""

    def __init__(self) -> None:
        self._expiry: dict[str, int] = {}
        self._sweep_at = 0

    def use(self, ticket_id: str, expires_at: int, now: int) -> bool:
        """Whether this is the ticket's first use."""
        if now >= self._sweep_at:
            self._expiry = {known: expiry for known, expiry in self._expiry.items() if expiry > now}
            self._sweep_at = now + 10
        if ticket_id in self._expiry:
            return False
        self._expiry[ticket_id] = expires_at
        return True

    def __len__(self) -> int:
        return len(self._expiry)
