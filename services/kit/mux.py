"""Hot links: many calls over one long-lived bidirectional stream, everything queued sent at once.

A unary call costs about 0.5 ms of CPU over both ends; here a batch costs that much, whatever its size. Batches form by
themselves: while one is being written, the next is collected. There are no timers.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Self

import grpc

from services.kernel.errors import EngineError, Kind
from services.kit import telemetry

OpenStream = Callable[[], grpc.aio.StreamStreamCall]

RECONNECT_S = (0.05, 0.1, 0.25, 0.5, 1.0)
IN_FLIGHT_MAX = 20_000
ITEMS_MAX = 1_000

_log = telemetry.logger(__name__)


class StreamCaller(ABC):
    """Keeps one stream open, matches answers to calls by key, and fails what was in flight when the stream breaks.

    Subclasses say how queued calls become messages and messages become answers.
    """

    def __init__(self, open_stream: OpenStream, timeout_s: float) -> None:
        self._open_stream = open_stream
        self._timeout_s = timeout_s
        self._queue: list[Any] = []
        self._queued = asyncio.Event()
        self._connected = asyncio.Event()
        self._in_flight: dict[int, asyncio.Future[Any]] = {}
        self._last_key = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_open())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._fail_in_flight()

    @abstractmethod
    def _messages(self, queued: list[Any]) -> list[Any]:
        """The messages that carry the queued calls."""

    @abstractmethod
    def _answers(self, message: Any) -> list[tuple[int, Any]]:
        """The (key, answer) pairs that a message carries."""

    def _next_key(self) -> int:
        self._last_key += 1
        return self._last_key

    async def _ask(self, key: int, message: Any, timeout_s: float | None) -> Any:
        if len(self._in_flight) >= IN_FLIGHT_MAX:
            raise EngineError(Kind.LIMITED, "OVERLOADED", "too many calls are waiting for an answer")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._in_flight[key] = answer
        # Not `asyncio.wait_for`, which costs twice as much.
        timer = loop.call_later(timeout_s or self._timeout_s, _time_out, answer)
        self._queue.append(message)
        self._queued.set()
        try:
            return await answer
        finally:
            timer.cancel()
            self._in_flight.pop(key, None)

    async def _keep_open(self) -> None:
        failures = 0
        while True:
            connected_before = self._connected.is_set()
            try:
                await self._converse()
            except Exception as error:  # Whatever broke it, the link is made anew.
                _log.warning("stream lost", error=str(error)[:200])
            failures = 0 if connected_before or self._connected.is_set() else failures + 1
            self._connected.clear()
            self._fail_in_flight()
            await asyncio.sleep(RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])

    async def _converse(self) -> None:
        call = self._open_stream()
        reader, writer = asyncio.create_task(self._read(call)), asyncio.create_task(self._write(call))
        try:
            # Either may find first that the link is of no use.
            await asyncio.wait([reader, writer], return_when=asyncio.FIRST_COMPLETED)
            if call.done():
                await asyncio.wait([reader])  # The last answers may still be there to read.
            for task in (reader, writer):
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            call.cancel()

    async def _read(self, call: grpc.aio.StreamStreamCall) -> None:
        await call.wait_for_connection()
        self._connected.set()
        async for message in call:
            self._settle(message)

    async def _write(self, call: grpc.aio.StreamStreamCall) -> None:
        while True:
            if not self._queue:
                self._queued.clear()
                await self._queued.wait()
            queued, self._queue = self._queue, []
            for message in self._messages(queued):
                await call.write(message)

    def _settle(self, message: Any) -> None:
        for key, answer in self._answers(message):
            waiting = self._in_flight.get(key)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def _fail_in_flight(self) -> None:
        self._queue.clear()
        for waiting in self._in_flight.values():
            if not waiting.done():
                waiting.set_exception(
                    EngineError(Kind.UNAVAILABLE, "OUTCOME_UNKNOWN", "the link broke; the outcome is unknown")
                )


def _time_out(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(EngineError(Kind.TIMEOUT, "OUTCOME_UNKNOWN", "no answer in time; the outcome is unknown"))


class ItemCaller(StreamCaller):
    """Calls that are single items: `request_type(items=[…])`, each with an `id` that its answer repeats."""

    def __init__(self, open_stream: OpenStream, request_type: Any, timeout_s: float) -> None:
        super().__init__(open_stream, timeout_s)
        self._request_type = request_type

    async def call(self, item: Any, timeout_s: float | None = None) -> Any:
        """Sends the item (setting its `id`) and returns the answering item.

        Fails with `OUTCOME_UNKNOWN` when the link breaks or no answer comes in time, with `OVERLOADED` when nothing
        was sent.
        """
        item.id = self._next_key()
        return await self._ask(item.id, item, timeout_s)

    def _messages(self, queued: list[Any]) -> list[Any]:
        return [self._request_type(items=queued[at : at + ITEMS_MAX]) for at in range(0, len(queued), ITEMS_MAX)]

    def _answers(self, message: Any) -> list[tuple[int, Any]]:
        return [(item.id, item) for item in message.items]


class BatchCaller(StreamCaller):
    """Calls that are whole batches: a request with a `batch_id` that its response repeats."""

    async def call(self, request: Any, timeout_s: float | None = None) -> Any:
        """Sends the request (setting its `batch_id`) and returns the response; fails as `ItemCaller.call` does."""
        request.batch_id = self._next_key()
        return await self._ask(request.batch_id, request, timeout_s)

    def _messages(self, queued: list[Any]) -> list[Any]:
        return queued

    def _answers(self, message: Any) -> list[tuple[int, Any]]:
        return [(message.batch_id, message)]


async def answer_batches(requests: AsyncIterator[Any], handle: Callable[[Any], Any]) -> AsyncIterator[Any]:
    """Answers each batch in turn; `handle` gives the response, whose `batch_id` is set here."""
    async for request in requests:
        response = handle(request)
        response.batch_id = request.batch_id
        yield response


async def answer_items(
    requests: AsyncIterator[Any], response_type: Any, handle: Callable[[Any], Awaitable[Any]]
) -> AsyncIterator[Any]:
    """Answers items as they are done, all that are done in one message. `handle` must not raise.

    At most `IN_FLIGHT_MAX` items are worked on at once; the caller is not read further until some are done.
    """
    finished = _Finished()
    reader = asyncio.create_task(_read(requests, handle, finished))
    try:
        while (done := await finished.take()) is not None:
            for at in range(0, len(done), ITEMS_MAX):
                yield response_type(items=done[at : at + ITEMS_MAX])
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader


async def _read(requests: AsyncIterator[Any], handle: Callable[[Any], Awaitable[Any]], finished: "_Finished") -> None:
    room = asyncio.Semaphore(IN_FLIGHT_MAX)
    working: set[asyncio.Task[None]] = set()

    async def work(item: Any) -> None:
        try:
            finished.put(await handle(item))
        finally:
            room.release()

    try:
        async for request in requests:
            for item in request.items:
                await room.acquire()
                task = asyncio.create_task(work(item))
                working.add(task)
                task.add_done_callback(working.discard)
    finally:
        # What was begun is finished: its effects must not depend on whether the caller still listens.
        await asyncio.gather(*working, return_exceptions=True)
        finished.close()


class _Finished:
    """Answers waiting to be sent."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._ready.set()

    def close(self) -> None:
        self._closed = True
        self._ready.set()

    async def take(self) -> list[Any] | None:
        await self._ready.wait()
        if not self._items:
            return None if self._closed else []
        items, self._items = self._items, []
        if not self._closed:
            self._ready.clear()
        return items
