"""Handling events: in order within a key, keys beside each other, retried, and buried when hopeless."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import Counter

from services.kit import telemetry
from services.kit.bus.port import Event, Handler
from services.kit.bus.tasks import end

RETRY_S = (0.1, 0.5, 1.0, 2.0)
IN_FLIGHT_MAX = 1_000
BURY_RETRY_S = 1.0

RETRIED = Counter("bus_retried_total", "Events whose handler raised.", ["topic"])
BURIED = Counter("bus_dead_letter_total", "Events dead-lettered.", ["topic"])

Bury = Callable[[Event, str], Awaitable[None]]

_log = telemetry.logger(__name__)


class Lanes:
    """One lane a key; a lane lives while it has events. `done` of an event is called when it was handled or buried."""

    def __init__(self, handler: Handler, bury: Bury, *, retry_s: Sequence[float] = RETRY_S) -> None:
        self._handler = handler
        self._bury = bury
        self._retry_s = retry_s
        self._lanes: dict[str, deque[tuple[Event, Callable[[], None]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._room = asyncio.Event()
        self._room.set()

    async def room(self) -> None:
        """Waits until few enough events are in flight to take more."""
        await self._room.wait()

    def put(self, event: Event, done: Callable[[], None]) -> None:
        """Queues an event behind the others of its key."""
        self._in_flight += 1
        if self._in_flight >= IN_FLIGHT_MAX:
            self._room.clear()
        lane = self._lanes.get(event.key)
        if lane is not None:
            lane.append((event, done))
            return
        self._lanes[event.key] = deque([(event, done)])
        task = asyncio.create_task(self._work(event.key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stops. What was not done stays undone, and so will be delivered again."""
        await end(list(self._tasks))
        self._lanes.clear()

    async def _work(self, key: str) -> None:
        lane = self._lanes[key]
        while lane:
            event, done = lane[0]
            await self._handle(event)
            done()
            lane.popleft()
            self._in_flight -= 1
            if self._in_flight < IN_FLIGHT_MAX:
                self._room.set()
        del self._lanes[key]

    async def _handle(self, event: Event) -> None:
        for pause_s in (*self._retry_s, None):
            try:
                await self._handler(event)
                return
            except Exception as error:
                RETRIED.labels(event.topic).inc()
                reason = f"{type(error).__name__}: {error}"[:500]
                _log.warning("event not handled", topic=event.topic, key=event.key, exc_info=error)
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        await self._bury_surely(event, reason)

    async def _bury_surely(self, event: Event, reason: str) -> None:
        while True:
            try:
                await self._bury(event, reason)
            except Exception as error:
                _log.warning("event not dead-lettered", topic=event.topic, exc_info=error)
                await asyncio.sleep(BURY_RETRY_S)
            else:
                break
        BURIED.labels(event.topic).inc()
        _log.error("event dead-lettered", topic=event.topic, key=event.key, event_id=str(event.event_id), reason=reason)
