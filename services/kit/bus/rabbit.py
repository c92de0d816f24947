"""The event bus on RabbitMQ, 3.10 or later: quorum queues, publisher confirms, dead-letter exchange set explicitly.

A message carries up to 50 events of one topic. A group is one queue with a single active consumer: so order holds, and
the broker activates another one when that dies. Connections are not "robust" ones of the library: those forget objects
that nothing holds and come back without consumers; here each subscription is made anew, and a watchdog looks after it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import aio_pika
import msgspec
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractExchange,
    AbstractIncomingMessage,
    AbstractQueue,
)
from aiormq.exceptions import AMQPError

from services.kernel.errors import EngineError
from services.kit import telemetry
from services.kit.bus.lanes import RETRY_S, Lanes
from services.kit.bus.port import DeadLetter, Event, Handler, OnGap, Subscription, bus_unavailable
from services.kit.bus.standing import StandingSubscription
from services.kit.bus.tasks import end

EVENTS_PER_MESSAGE = 50
CONFIRM_S = 5.0
CONNECT_S = 5.0
# How often a message may be given to consumers that die with it, before the broker dead-letters it.
DELIVERY_LIMIT = 10
PREFETCH = 20
WATCH_S = 5.0
FOLLOWER_LENGTH_MAX = 10_000

EXCHANGE = "tradeloom.events"
DEAD_EXCHANGE = "tradeloom.dead"

_FAILURES = (AMQPError, OSError, TimeoutError, RuntimeError)

_log = telemetry.logger(__name__)


class RabbitBus:
    """An `EventBus` on one RabbitMQ cluster."""

    def __init__(
        self,
        url: str,
        *,
        confirm_s: float = CONFIRM_S,
        delivery_limit: int = DELIVERY_LIMIT,
        watch_s: float = WATCH_S,
        retry_s: Sequence[float] = RETRY_S,
    ) -> None:
        self._link = _Link(url)
        self._confirm_s = confirm_s
        self._delivery_limit = delivery_limit
        self._watch_s = watch_s
        self._retry_s = retry_s
        self._publishing = asyncio.Lock()
        self._publisher: tuple[AbstractChannel, AbstractExchange] | None = None
        self._subscriptions: list[StandingSubscription] = []

    async def publish(self, events: Sequence[Event]) -> None:
        """See `EventBus`. Messages are confirmed one after the other: so the order survives a refusal."""
        async with self._publishing:
            try:
                async with asyncio.timeout(self._confirm_s):
                    exchange = await self._exchange()
                    for topic, batch in _batches(events):
                        await exchange.publish(_message(batch), routing_key=topic, mandatory=False)
            except _FAILURES as error:
                await self._drop_publisher()
                raise bus_unavailable(error) from error
            except asyncio.CancelledError:
                await self._drop_publisher()
                raise

    async def subscribe(self, topic: str, group: str, handler: Handler) -> Subscription:
        """See `EventBus`."""
        member = _Member(
            self._link, topic, group, handler, self._delivery_limit, self._watch_s, self._retry_s, self._confirm_s
        )
        return self._stand(f"{topic}/{group}", member.consume)

    async def follow(self, topic: str, handler: Handler, on_gap: OnGap | None = None) -> Subscription:
        """See `EventBus`."""
        return self._stand(topic, _Follower(self._link, topic, handler, on_gap, self._watch_s).consume)

    async def dead_letters(self, topic: str, group: str, limit: int = 100) -> list[DeadLetter]:
        """See `EventBus`."""
        letters: list[DeadLetter] = []
        async with await self._link.channel() as channel:
            queue = await _declare_dead(channel, _queue_name(topic, group))
            shown = []
            while len(letters) < limit and (message := await queue.get(fail=False)) is not None:
                shown.append(message)
                reason = str((message.headers or {}).get("reason") or "its consumers died again and again")
                letters.extend(_letters(topic, message.body, reason))
            for message in shown:
                await message.nack(requeue=True)
        return letters[:limit]

    async def close(self) -> None:
        """See `EventBus`."""
        for subscription in self._subscriptions:
            await subscription.close()
        await self._drop_publisher()
        await self._link.close()

    def _stand(self, name: str, consume: Any) -> Subscription:
        subscription = StandingSubscription(name, consume)
        self._subscriptions.append(subscription)
        return subscription

    async def _exchange(self) -> AbstractExchange:
        if self._publisher is None or self._publisher[0].is_closed:
            channel = await self._link.channel()
            self._publisher = (channel, await _declare_exchange(channel))
        return self._publisher[1]

    async def _drop_publisher(self) -> None:
        if self._publisher is not None:
            channel, self._publisher = self._publisher[0], None
            await _close_quietly(channel)


class _Link:
    """One connection, made when it is needed and made again when it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connecting = asyncio.Lock()
        self._connection: AbstractConnection | None = None

    async def channel(self) -> AbstractChannel:
        """A new channel with publisher confirms."""
        async with self._connecting:
            try:
                async with asyncio.timeout(CONNECT_S):
                    if self._connection is None:
                        self._connection = await aio_pika.connect(self._url, timeout=CONNECT_S)
                    return await self._connection.channel(publisher_confirms=True)
            except BaseException:
                # A connection that was lost does not always say that it is closed; one that gives no channel is no use.
                await self.close()
                raise

    async def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await _close_quietly(connection)


class _Member:
    """One member of a group."""

    def __init__(
        self,
        link: _Link,
        topic: str,
        group: str,
        handler: Handler,
        delivery_limit: int,
        watch_s: float,
        retry_s: Sequence[float],
        confirm_s: float,
    ) -> None:
        self._link = link
        self._topic = topic
        self._queue_name = _queue_name(topic, group)
        self._handler = handler
        self._delivery_limit = delivery_limit
        self._watch_s = watch_s
        self._retry_s = retry_s
        self._confirm_s = confirm_s

    async def consume(self, live: Callable[[], None]) -> None:
        channel = await self._link.channel()
        acknowledgements: set[asyncio.Task[None]] = set()
        lanes = Lanes(self._handler, lambda event, reason: self._bury(channel, event, reason), retry_s=self._retry_s)

        async def deliver(message: AbstractIncomingMessage) -> None:
            # No await before the events are in their lanes: that would let messages overtake each other.
            try:
                events = _events(self._topic, message.body)
            except (msgspec.DecodeError, ValueError) as error:
                _log.error("message not readable", queue=self._queue_name, exc_info=error)
                await message.reject(requeue=False)
                return
            waiting = len(events)

            def done() -> None:
                nonlocal waiting
                waiting -= 1
                if waiting == 0:
                    task = asyncio.create_task(_acknowledge(message))
                    acknowledgements.add(task)
                    task.add_done_callback(acknowledgements.discard)

            for event in events:
                lanes.put(event, done)

        try:
            queue = await self._declare(channel)
            tag = await queue.consume(deliver)
            live()
            await _watch(channel, queue, tag, self._watch_s)
        finally:
            await lanes.close()
            await asyncio.gather(*acknowledgements, return_exceptions=True)
            await _close_quietly(channel)

    async def _declare(self, channel: AbstractChannel) -> AbstractQueue:
        await channel.set_qos(prefetch_count=PREFETCH)
        exchange = await _declare_exchange(channel)
        await _declare_dead(channel, self._queue_name)
        queue = await channel.declare_queue(
            self._queue_name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-single-active-consumer": True,
                "x-delivery-limit": self._delivery_limit,
                "x-dead-letter-exchange": DEAD_EXCHANGE,
                "x-dead-letter-routing-key": self._queue_name,
                # At-least-once dead-lettering is refused without this overflow behaviour.
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        await queue.bind(exchange, routing_key=self._topic)
        return queue

    async def _bury(self, channel: AbstractChannel, event: Event, reason: str) -> None:
        exchange = await channel.get_exchange(DEAD_EXCHANGE, ensure=False)
        async with asyncio.timeout(self._confirm_s):
            await exchange.publish(_message([event], reason=reason), routing_key=self._queue_name)


class _Follower:
    """A queue of its own that lives as long as its connection."""

    def __init__(self, link: _Link, topic: str, handler: Handler, on_gap: OnGap | None, watch_s: float) -> None:
        self._link = link
        self._topic = topic
        self._handler = handler
        self._on_gap = on_gap
        self._watch_s = watch_s
        self._resumed = False

    async def consume(self, live: Callable[[], None]) -> None:
        channel = await self._link.channel()
        arriving: asyncio.Queue[bytes] = asyncio.Queue()

        async def deliver(message: AbstractIncomingMessage) -> None:
            arriving.put_nowait(message.body)

        try:
            exchange = await _declare_exchange(channel)
            queue = await channel.declare_queue(
                exclusive=True, auto_delete=True, arguments={"x-max-length": FOLLOWER_LENGTH_MAX}
            )
            await queue.bind(exchange, routing_key=self._topic)
            tag = await queue.consume(deliver, no_ack=True)
            live()
            self._tell_gap()
            handing = asyncio.create_task(self._hand(arriving))
            try:
                await _watch(channel, queue, tag, self._watch_s)
            finally:
                await end([handing])
        finally:
            await _close_quietly(channel)

    def _tell_gap(self) -> None:
        if self._resumed and self._on_gap is not None:
            self._on_gap()
        self._resumed = True

    async def _hand(self, arriving: asyncio.Queue[bytes]) -> None:
        while True:
            for event in _events(self._topic, await arriving.get()):
                try:
                    await self._handler(event)
                except Exception as error:
                    _log.error("event not handled", topic=event.topic, key=event.key, exc_info=error)


async def _watch(channel: AbstractChannel, queue: AbstractQueue, tag: str, watch_s: float) -> None:
    """Returns when the channel closes, or when its consumer is gone although the channel is open."""
    closed = asyncio.Event()
    channel.close_callbacks.add(lambda *_: closed.set())
    while not channel.is_closed:
        with suppress(TimeoutError):
            async with asyncio.timeout(watch_s):
                await closed.wait()
            return
        underlay: Any = await channel.get_underlay_channel()
        if tag not in underlay.consumers:
            _log.warning("consumer gone", queue=queue.name)
            return
        async with asyncio.timeout(watch_s):
            await channel.declare_queue(queue.name, passive=True)


async def _acknowledge(message: AbstractIncomingMessage) -> None:
    with suppress(*_FAILURES):  # Then it is delivered again, as it would be had we died here.
        await message.ack()


async def _declare_exchange(channel: AbstractChannel) -> AbstractExchange:
    return await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)


async def _declare_dead(channel: AbstractChannel, queue_name: str) -> AbstractQueue:
    exchange = await channel.declare_exchange(DEAD_EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True)
    queue = await channel.declare_queue(f"{queue_name}.dead", durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(exchange, routing_key=queue_name)
    return queue


async def _close_quietly(closable: AbstractChannel | AbstractConnection) -> None:
    with suppress(*_FAILURES, EngineError):
        async with asyncio.timeout(1.0):
            await closable.close()


def _queue_name(topic: str, group: str) -> str:
    return f"tradeloom.{group}.{topic}"


def _batches(events: Sequence[Event]) -> list[tuple[str, list[Event]]]:
    """The events in messages: by topic, in order, so many at once."""
    topics: dict[str, list[Event]] = {}
    for event in events:
        topics.setdefault(event.topic, []).append(event)
    return [
        (topic, batch[at : at + EVENTS_PER_MESSAGE])
        for topic, batch in topics.items()
        for at in range(0, len(batch), EVENTS_PER_MESSAGE)
    ]


def _letters(topic: str, body: bytes, reason: str) -> list[DeadLetter]:
    try:
        return [DeadLetter(event, reason) for event in _events(topic, body)]
    except (msgspec.DecodeError, ValueError):
        return [DeadLetter(Event(topic, "", UUID(int=0), body), "not readable")]


def _message(events: Sequence[Event], *, reason: str = "") -> aio_pika.Message:
    return aio_pika.Message(
        msgspec.msgpack.encode([(event.key, event.event_id.bytes, event.payload) for event in events]),
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        content_type="application/msgpack",
        headers={"reason": reason} if reason else None,
    )


_decoder = msgspec.msgpack.Decoder(list[tuple[str, bytes, bytes]])


def _events(topic: str, body: bytes) -> list[Event]:
    return [Event(topic, key, UUID(bytes=event_id), payload) for key, event_id, payload in _decoder.decode(body)]
