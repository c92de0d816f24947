"""Commands in, answers out: a bounded queue, and writers that work it off in batches.

A batch forms while the one before it commits; there are no timers. An idle writer takes what is there at once.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Self

from services.kernel.clock import Monotonic
from services.kernel.errors import EngineError, Kind
from services.oms.domain.commands import Command
from services.oms.handlers.batch import BatchRunner, outcome_unknown
from services.oms.handlers.queue import CommandQueue, Waiting
from services.oms.ports import Outcome

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is worked on at once, and how long a command may wait before it is begun."""

    writers: int = 1
    batch_max: int = 256
    queue_max: int = 10_000
    queue_age_s_max: float = 0.4
    command_age_s_max: float = 0.5


class Pipeline:
    """Takes commands while it is entered (`async with`)."""

    def __init__(self, runner: BatchRunner, limits: Limits, clock: Monotonic) -> None:
        self._runner = runner
        self._limits = limits
        self._clock = clock
        self._queue = CommandQueue(clock)
        self._writers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._writers = [asyncio.create_task(self._write()) for _ in range(self._limits.writers)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.cancel()
        await asyncio.gather(*self._writers, return_exceptions=True)
        self._writers = []
        for waiting in self._queue.empty():
            waiting.settle(_stopped())

    async def submit(self, command: Command) -> Outcome:
        """Carries the command out and returns what is durable. Raises EngineError."""
        if not self._writers:
            raise _stopped()
        if len(self._queue) >= self._limits.queue_max or self._queue.head_age_s() > self._limits.queue_age_s_max:
            raise _overloaded()
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.put(Waiting(command, self._clock(), answer))
        return await answer

    async def watch(self) -> None:
        """Runs until a writer ends, which none does unless something is broken; raises what ended it."""
        await asyncio.gather(*self._writers)

    async def _write(self) -> None:
        while True:
            batch = await self._queue.take(self._limits.batch_max)
            try:
                await self._runner.run(self._in_time(batch))
            except Exception:
                # A mistake of ours. Those who wait are told that the outcome is unknown; the next batch is a new start.
                _log.exception("batch failed")
            finally:
                accounts = list(dict.fromkeys(waiting.command.account_id for waiting in batch))
                for waiting in batch:
                    if not waiting.answer.done():  # Whatever ended the batch, nobody is left waiting.
                        waiting.settle(outcome_unknown())
                        self._runner.cache.drop([waiting.command.account_id])
                self._queue.release(accounts)

    def _in_time(self, batch: list[Waiting]) -> list[Waiting]:
        oldest = self._clock() - self._limits.command_age_s_max
        for waiting in batch:
            if waiting.queued_at < oldest:
                waiting.settle(_overloaded())
        return [waiting for waiting in batch if waiting.queued_at >= oldest]


def _overloaded() -> EngineError:
    return EngineError(Kind.LIMITED, "OVERLOADED", "too many commands are waiting; nothing was done")


def _stopped() -> EngineError:
    return EngineError(Kind.UNAVAILABLE, "STOPPING", "the service stops; nothing was done")
