"""What became of each thing that was sent."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum

from tests.load.histogram import Histogram


class Outcome(IntEnum):
    """How one was answered."""

    UNANSWERED = 0
    FILLED = 1
    REJECTED = 2
    # Nothing was recorded, the answer says.
    REFUSED = 3
    # The answer says that nobody knows: it may have been carried out.
    UNKNOWN = 4


class Tally:
    """Counts outcomes and latencies; remembers the outcome of each number."""

    def __init__(self, count_max: int) -> None:
        self.outcomes = bytearray(count_max)
        self.latency = Histogram()
        self.answered = 0
        # Of those answered: carried out or refused for the record, so done.
        self.done = 0
        self.sent = 0
        self.reasons: Counter[str] = Counter()
        self.last_answer = 0.0
        self.on_answer: Callable[[], None] | None = None
        self._caught_up = asyncio.Event()

    def answer(self, number: int, due: float, outcome: Outcome, reason: str = "") -> None:
        """One was answered, now."""
        now = time.perf_counter()
        self.last_answer = now
        self.latency.record(now - due)
        self.outcomes[number] = outcome
        self.answered += 1
        self.done += outcome in (Outcome.FILLED, Outcome.REJECTED)
        if reason:
            self.reasons[reason] += 1
        if self.answered >= self.sent:
            self._caught_up.set()
        if self.on_answer is not None:
            self.on_answer()

    def count(self, outcome: Outcome) -> int:
        """How many ended so."""
        return self.outcomes[: self.sent].count(outcome)

    async def all_answered(self, timeout_s: float) -> bool:
        """Waits until what was sent is answered; says whether it was."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.answered < self.sent:
                    self._caught_up.clear()
                    await self._caught_up.wait()
        return self.answered >= self.sent
