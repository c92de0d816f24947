"""The event bus on Redis Streams (commands of 6.2): one stream a topic, one consumer group a subscribing group.

A group has one working member at a time, by a lease: so order holds, and one that dies is replaced when its lease ends.
All members are the same consumer to Redis, so no names pile up; who takes over claims what was not acknowledged.
A stream keeps about `maxlen` entries: a group that lags further loses the oldest, and sees it by the sequences in them.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from services.kernel.clock import Now, to_us, utc_now
from services.kernel.ids import new_id
from services.kit import telemetry
from services.kit.bus.lanes import RETRY_S, Lanes
from services.kit.bus.port import DeadLetter, Event, Handler, OnGap, Subscription, bus_unavailable
from services.kit.bus.standing import StandingSubscription
from services.kit.bus.tasks import end, stop_if_cancelled

MAXLEN = 100_000
DEAD_MAXLEN = 10_000
LEASE_S = 5.0
# How often an event may be delivered again because its member died with it, before it counts as the cause.
DELIVERY_LIMIT = 10
READ_COUNT = 200
BLOCK_MS = 1_000
SOCKET_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 2.0

DELIVERY_AGE = Gauge("bus_delivery_age_seconds", "Age of the event delivered last.", ["topic", "group"])

CONSUMER = "member"

_log = telemetry.logger(__name__)

Entry = tuple[bytes, dict[bytes, bytes]]


class RedisBus:
    """An `EventBus` on one Redis server."""

    def __init__(
        self,
        url: str,
        *,
        maxlen: int = MAXLEN,
        lease_s: float = LEASE_S,
        delivery_limit: int = DELIVERY_LIMIT,
        retry_s: Sequence[float] = RETRY_S,
        timeout_s: float = SOCKET_TIMEOUT_S,
    ) -> None:
        # Trying again is done here and by the callers, not hidden in the client.
        no_retry = Retry(NoBackoff(), 0)
        self._client: Redis = Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=CONNECT_TIMEOUT_S, retry=no_retry
        )
        self._maxlen = maxlen
        self._lease_s = lease_s
        self._delivery_limit = delivery_limit
        self._retry_s = retry_s
        self._subscriptions: list[StandingSubscription] = []

    async def publish(self, events: Sequence[Event]) -> None:
        """See `EventBus`."""
        pipeline = self._client.pipeline(transaction=False)
        for event in events:
            pipeline.xadd(_stream(event.topic), _fields(event), maxlen=self._maxlen, approximate=True)
        try:
            await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            raise bus_unavailable(error) from error

    async def subscribe(self, topic: str, group: str, handler: Handler) -> Subscription:
        """See `EventBus`."""
        member = _Member(
            self._client, topic, group, handler, self._lease_s, self._delivery_limit, self._retry_s, utc_now
        )
        return self._stand(f"{topic}/{group}", member.consume)

    async def follow(self, topic: str, handler: Handler, on_gap: OnGap | None = None) -> Subscription:
        """See `EventBus`. What is still in the stream after an outage is delivered."""
        return self._stand(topic, _Follower(self._client, topic, handler, on_gap).consume)

    async def dead_letters(self, topic: str, group: str, limit: int = 100) -> list[DeadLetter]:
        """See `EventBus`."""
        entries: Any = await self._client.xrange(_dead_stream(topic, group), count=limit)
        return [
            DeadLetter(_event(topic, fields), fields.get(b"reason", b"").decode(errors="replace"))
            for _, fields in entries
        ]

    async def close(self) -> None:
        """See `EventBus`."""
        for subscription in self._subscriptions:
            await subscription.close()
        await self._client.aclose()

    def _stand(self, name: str, consume: Any) -> Subscription:
        subscription = StandingSubscription(name, consume)
        self._subscriptions.append(subscription)
        return subscription


class _Member:
    """One member of a group."""

    def __init__(
        self,
        client: Redis,
        topic: str,
        group: str,
        handler: Handler,
        lease_s: float,
        delivery_limit: int,
        retry_s: Sequence[float],
        now: Now,
    ) -> None:
        self._client = client
        self._topic = topic
        self._group = group
        self._handler = handler
        self._delivery_limit = delivery_limit
        self._retry_s = retry_s
        self._now = now
        self._stream = _stream(topic)
        self._lease = _Lease(client, f"{self._stream}:{group}:lease", lease_s)
        self._age = DELIVERY_AGE.labels(topic, group)
        # A group that vanishes later vanished with the whole stream: then all that is there is new to it.
        self._start = "$"

    async def consume(self, live: Callable[[], None]) -> None:
        await self._make_group()
        live()
        await self._lease.acquire()
        stop_if_cancelled()
        lanes = Lanes(self._handler, self._bury, retry_s=self._retry_s)
        acknowledger = _Acknowledger(self._client, self._stream, self._group)
        tasks = [
            asyncio.create_task(self._read(lanes, acknowledger)),
            asyncio.create_task(self._lease.keep()),
            asyncio.create_task(acknowledger.run()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end(tasks)
            await lanes.close()
            with suppress(RedisError, OSError, TimeoutError):
                await acknowledger.flush()
                await self._lease.release()

    async def _make_group(self) -> None:
        try:
            await self._client.xgroup_create(self._stream, self._group, id=self._start, mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._start = "0"

    async def _read(self, lanes: Lanes, acknowledger: "_Acknowledger") -> None:
        await self._take_over(lanes, acknowledger)
        while True:
            stop_if_cancelled()
            await lanes.room()
            reply = await self._client.xreadgroup(
                self._group, CONSUMER, {self._stream: ">"}, count=READ_COUNT, block=BLOCK_MS
            )
            for entry in _entries(reply):
                self._put(entry, lanes, acknowledger)

    async def _take_over(self, lanes: Lanes, acknowledger: "_Acknowledger") -> None:
        start = b"0-0"
        while True:
            reply = await self._client.xautoclaim(self._stream, self._group, CONSUMER, 0, start, count=READ_COUNT)
            start, entries = reply[0], [entry for entry in reply[1] if entry[0] is not None]
            worn = await self._worn(entries)
            for entry in entries:
                if entry[0] in worn:
                    await self._bury(_event(self._topic, entry[1]), "its consumers died again and again")
                    acknowledger.add(entry[0])
                else:
                    await lanes.room()
                    self._put(entry, lanes, acknowledger)
            if start == b"0-0":
                return

    async def _worn(self, entries: list[Entry]) -> set[bytes]:
        """Which entries were delivered too often."""
        if not entries:
            return set()
        pending: Any = await self._client.xpending_range(
            self._stream, self._group, min=entries[0][0], max=entries[-1][0], count=len(entries)
        )
        return {item["message_id"] for item in pending if item["times_delivered"] > self._delivery_limit + 1}

    def _put(self, entry: Entry, lanes: Lanes, acknowledger: "_Acknowledger") -> None:
        entry_id, fields = entry
        published_ms = int(entry_id.partition(b"-")[0])
        self._age.set(max(0.0, to_us(self._now()) / 1e6 - published_ms / 1e3))
        lanes.put(_event(self._topic, fields), lambda: acknowledger.add(entry_id))

    async def _bury(self, event: Event, reason: str) -> None:
        fields = {**_fields(event), "reason": reason}
        await self._client.xadd(_dead_stream(self._topic, self._group), fields, maxlen=DEAD_MAXLEN, approximate=True)


class _Acknowledger:
    """Acknowledges entries, as many at once as there are."""

    def __init__(self, client: Redis, stream: str, group: str) -> None:
        self._client = client
        self._stream = stream
        self._group = group
        self._ids: list[bytes] = []
        self._added = asyncio.Event()

    def add(self, entry_id: bytes) -> None:
        self._ids.append(entry_id)
        self._added.set()

    async def run(self) -> None:
        while True:
            await self._added.wait()
            self._added.clear()
            await self.flush()

    async def flush(self) -> None:
        ids = list(self._ids)
        if ids:
            await self._client.xack(self._stream, self._group, *ids)
            del self._ids[: len(ids)]


class _Lease:
    """Held by one member at a time; ends by itself when its holder dies."""

    def __init__(self, client: Redis, key: str, lease_s: float) -> None:
        self._client = client
        self._key = key
        self._lease_ms = int(lease_s * 1_000)
        self._token = str(new_id())

    async def acquire(self) -> None:
        while True:
            stop_if_cancelled()
            if await self._client.set(self._key, self._token, nx=True, px=self._lease_ms):
                return
            await asyncio.sleep(self._lease_ms / 5_000)

    async def keep(self) -> None:
        """Renews it; returns when it was lost."""
        while True:
            stop_if_cancelled()
            if not await self._client.eval(_RENEW, 1, self._key, self._token, str(self._lease_ms)):
                _log.warning("lease lost", lease=self._key)
                return
            await asyncio.sleep(self._lease_ms / 3_000)

    async def release(self) -> None:
        await self._client.eval(_RELEASE, 1, self._key, self._token)


_RENEW = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0"
_RELEASE = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class _Follower:
    """Reads a stream from its end on."""

    def __init__(self, client: Redis, topic: str, handler: Handler, on_gap: OnGap | None) -> None:
        self._client = client
        self._topic = topic
        self._handler = handler
        self._on_gap = on_gap
        self._stream = _stream(topic)
        self._last: bytes | None = None

    async def consume(self, live: Callable[[], None]) -> None:
        resumed = self._last is not None
        if self._last is None:
            self._last = await self._end()
        else:
            await self._client.ping()
        live()
        if resumed and self._on_gap is not None:
            self._on_gap()
        while True:
            stop_if_cancelled()
            reply = await self._client.xread({self._stream: self._last}, count=READ_COUNT, block=BLOCK_MS)
            for entry_id, fields in _entries(reply):
                self._last = entry_id
                await self._hand(_event(self._topic, fields))

    async def _end(self) -> bytes:
        newest: Any = await self._client.xrevrange(self._stream, count=1)
        return bytes(newest[0][0]) if newest else b"0-0"

    async def _hand(self, event: Event) -> None:
        try:
            await self._handler(event)
        except Exception as error:
            _log.error("event not handled", topic=event.topic, key=event.key, exc_info=error)


def _stream(topic: str) -> str:
    return f"bus:{{{topic}}}"  # The braces keep all keys of a topic in one slot of a cluster.


def _dead_stream(topic: str, group: str) -> str:
    return f"{_stream(topic)}:{group}:dead"


def _fields(event: Event) -> dict[Any, Any]:
    return {"key": event.key, "id": event.event_id.bytes, "payload": event.payload}


def _event(topic: str, fields: dict[bytes, bytes]) -> Event:
    """The event; an entry that is none (only a stranger writes such) becomes one whose payload nobody can read."""
    if not {b"key", b"id", b"payload"} <= fields.keys() or len(fields[b"id"]) != 16:
        return Event(topic, "", UUID(int=0), repr(fields).encode())
    return Event(topic, fields[b"key"].decode(errors="replace"), UUID(bytes=fields[b"id"]), fields[b"payload"])


def _entries(reply: Any) -> list[Entry]:
    """The entries of a read of one stream; nothing came: an empty reply."""
    if not reply:
        return []
    streams = reply.values() if isinstance(reply, dict) else (stream[1] for stream in reply)
    return [entry for entries in streams for entry in _flat(entries)]


def _flat(entries: Any) -> list[Entry]:
    nested = entries and isinstance(entries[0], list)
    return [(entry[0], entry[1]) for entry in (entries[0] if nested else entries)]
