"""A subscription that stands through outages: one task that works, fails, pauses and starts afresh."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from services.kit import telemetry
from services.kit.bus.tasks import end

# How long leaving may take: giving back what was not handled, and closing what is open, with a server that hangs.
CLEAN_UP_S = 5.0
RETRY_S = (0.05, 0.2, 0.5, 1.0, 2.0)

_log = telemetry.logger(__name__)


class StandingSubscription:
    """Runs `consume` again whenever it fails. `consume` calls what it is given once events are being received."""

    def __init__(self, name: str, consume: Callable[[Callable[[], None]], Coroutine[Any, Any, None]]) -> None:
        self._name = name
        self._consume = consume
        self._live = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=name)

    @property
    def live(self) -> bool:
        """Whether events are being received now."""
        return self._live.is_set()

    async def established(self) -> None:
        """Waits until events are being received."""
        await self._live.wait()

    async def close(self) -> None:
        """Ends it."""
        await end([self._task], CLEAN_UP_S)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._consume(self._live.set)
            except Exception as error:
                if not failures:  # An outage is told once.
                    _log.warning("subscription broken", subscription=self._name, error=repr(error)[:300])
            # One that was live starts afresh at once; one that can't start waits longer each time.
            failures = 0 if self._live.is_set() else failures + 1
            self._live.clear()
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
