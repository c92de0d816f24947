"""Commands that wait for a batch: in order per account, and none of an account that is in an uncommitted batch."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from services.kernel.clock import Monotonic
from services.kernel.ids import AccountId
from services.oms.domain.commands import Command
from services.oms.ports import Outcome


@dataclass(slots=True, eq=False)
class Waiting:
    """A command, since when it waits (monotonic seconds), and where its answer goes."""

    command: Command
    queued_at: float
    answer: asyncio.Future[Outcome]
    taken: bool = field(default=False)

    def settle(self, outcome: Outcome | Exception) -> None:
        """Answers, once; a caller that went away is not told."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class CommandQueue:
    """Hands out batches of waiting commands. An account that was handed out is held back until it is released."""

    def __init__(self, clock: Monotonic) -> None:
        self._clock = clock
        self._lines: dict[AccountId, deque[Waiting]] = {}
        self._ready: deque[AccountId] = deque()
        self._held: set[AccountId] = set()
        self._arrivals: deque[Waiting] = deque()
        self._some_ready = asyncio.Event()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def head_age_s(self) -> float:
        """How long the oldest waiting command has waited; 0 when none waits."""
        arrivals = self._arrivals
        while arrivals and arrivals[0].taken:
            arrivals.popleft()
        return self._clock() - arrivals[0].queued_at if arrivals else 0.0

    def put(self, waiting: Waiting) -> None:
        """Queues a command behind those of its account."""
        account_id = waiting.command.account_id
        line = self._lines.get(account_id)
        if line is None:
            line = self._lines[account_id] = deque()
            if account_id not in self._held:
                self._ready.append(account_id)
                self._some_ready.set()
        line.append(waiting)
        self._arrivals.append(waiting)
        self._count += 1

    async def take(self, most: int) -> list[Waiting]:
        """Waits for commands; gives at most `most`, and holds their accounts."""
        while not self._ready:
            self._some_ready.clear()
            await self._some_ready.wait()
        taken: list[Waiting] = []
        while self._ready and len(taken) < most:
            self._take_line(self._ready.popleft(), most, taken)
        self._count -= len(taken)
        self.head_age_s()  # Forgets those that were taken.
        return taken

    def release(self, accounts: list[AccountId]) -> None:
        """Lets commands of the accounts be handed out again."""
        for account_id in accounts:
            self._held.discard(account_id)
            if account_id in self._lines:
                self._ready.append(account_id)
                self._some_ready.set()

    def empty(self) -> list[Waiting]:
        """Takes out all that waits, for an end."""
        left = [waiting for waiting in self._arrivals if not waiting.taken]
        for waiting in left:
            waiting.taken = True
        self._lines.clear()
        self._ready.clear()
        self._count = 0
        return left

    def _take_line(self, account_id: AccountId, most: int, taken: list[Waiting]) -> None:
        line = self._lines[account_id]
        while line and len(taken) < most:
            waiting = line.popleft()
            waiting.taken = True
            taken.append(waiting)
        if not line:
            del self._lines[account_id]
        self._held.add(account_id)
