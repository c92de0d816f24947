"""Redis and RabbitMQ away, slow, flushed, fed with rubbish, and with consumers that die."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import aio_pika
import pytest
import redis.asyncio

from services.kernel.errors import EngineError
from services.kernel.ids import new_id
from services.kit.bus import connect_bus
from services.kit.bus.port import Event, EventBus, Subscription
from services.kit.bus.rabbit import EXCHANGE, RabbitBus
from services.kit.bus.redis import RedisBus
from services.kit.config import ConfigError
from tests.fakes.cuttable import Wire

WAIT_S = 20.0
RETRY_S = (0.01, 0.02)


@dataclass
class Outage:
    """A bus reached over a wire that can be cut, and another end of it that can't."""

    wire: Wire
    cuttable: EventBus
    direct: EventBus
    url: str


@pytest.fixture(
    params=[
        pytest.param("redis", marks=pytest.mark.needs_redis),
        pytest.param("rabbit", marks=pytest.mark.needs_rabbitmq),
    ]
)
def server_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def end_of(url: str) -> EventBus:
    if url.startswith("amqp"):
        return RabbitBus(url, confirm_s=1.0, watch_s=0.2, retry_s=RETRY_S, delivery_limit=2)
    return RedisBus(url, lease_s=0.5, timeout_s=2.0, retry_s=RETRY_S, delivery_limit=2)


@pytest.fixture
async def outage(server_url: str) -> AsyncIterator[Outage]:
    parts = urlsplit(server_url)
    target = parts.path if parts.scheme == "unix" else (parts.hostname or "127.0.0.1", parts.port or 5672)
    async with Wire(target) as wire:
        there = f"127.0.0.1:{wire.port}"
        url = f"amqp://guest:guest@{there}/" if parts.scheme == "amqp" else f"redis://{there}/0"
        made = Outage(wire, end_of(url), end_of(server_url), url)
        try:
            yield made
        finally:
            await wire.mend()
            await made.cuttable.close()
            await made.direct.close()


@pytest.fixture
def topic() -> str:
    return f"test.{new_id()}"


def events(topic: str, *payloads: bytes, key: str = "k") -> list[Event]:
    return [Event(topic, key, new_id(), payload) for payload in payloads]


class Seen:
    """A handler that remembers."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    async def __call__(self, event: Event) -> None:
        self.payloads.append(event.payload)

    @property
    def once(self) -> list[bytes]:
        """What came, without what came again."""
        return list(dict.fromkeys(self.payloads))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 -- the condition is on objects that tell nobody
            await asyncio.sleep(0.01)


async def published(bus: EventBus, batch: list[Event]) -> None:
    """Publishes as the outbox relay does: again until it succeeds."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                await bus.publish(batch)
            except EngineError:
                await asyncio.sleep(0.02)
            else:
                return


async def established(subscription: Subscription) -> None:
    async with asyncio.timeout(WAIT_S):
        await subscription.established()


@pytest.mark.parametrize("how", ["cut", "frozen"])
async def test_publish_when_the_server_is_away_then_it_says_so_and_works_again_later(
    outage: Outage, topic: str, how: str
) -> None:
    await outage.cuttable.publish(events(topic, b"before"))
    if how == "cut":
        await outage.wire.cut()
    else:
        outage.wire.freeze()

    with pytest.raises(EngineError) as failed:
        async with asyncio.timeout(WAIT_S):
            await outage.cuttable.publish(events(topic, b"during"))
    assert failed.value.reason == "BUS_UNAVAILABLE"

    await outage.wire.mend()
    await published(outage.cuttable, events(topic, b"after"))


async def test_subscribe_when_the_link_is_cut_then_what_came_meanwhile_is_delivered_in_order(
    outage: Outage, topic: str
) -> None:
    seen = Seen()
    subscription = await outage.cuttable.subscribe(topic, "g", seen)
    await established(subscription)
    await outage.direct.publish(events(topic, b"1", b"2"))
    await until(lambda: len(seen.once) == 2)

    await outage.wire.cut()
    await until(lambda: not subscription.live)
    await outage.direct.publish(events(topic, b"3", b"4"))
    await outage.wire.mend()
    await outage.direct.publish(events(topic, b"5"))

    await until(lambda: len(seen.once) == 5)
    assert seen.once == [b"1", b"2", b"3", b"4", b"5"]
    await established(subscription)


async def test_follow_when_the_link_is_cut_then_the_gap_is_told_and_new_events_come(outage: Outage, topic: str) -> None:
    seen, gaps = Seen(), []
    subscription = await outage.cuttable.follow(topic, seen, lambda: gaps.append(1))
    await established(subscription)
    assert gaps == []

    await outage.wire.cut()
    await until(lambda: not subscription.live)
    await outage.wire.mend()
    await until(lambda: subscription.live and bool(gaps))
    await outage.direct.publish(events(topic, b"after"))

    await until(lambda: b"after" in seen.payloads)


async def test_connect_when_the_server_is_not_there_yet_then_it_waits_for_it(outage: Outage, topic: str) -> None:
    await outage.wire.cut()
    seen = Seen()
    async with connect_bus(outage.url) as bus:
        subscription = await bus.follow(topic, seen)
        with pytest.raises(EngineError):
            await bus.publish(events(topic, b"too early"))
        assert not subscription.live

        await outage.wire.mend()

        await established(subscription)
        await outage.direct.publish(events(topic, b"now"))
        await until(lambda: seen.payloads == [b"now"])


async def test_close_when_the_server_is_away_then_it_closes(outage: Outage, topic: str) -> None:
    await established(await outage.cuttable.subscribe(topic, "g", Seen()))
    await outage.wire.cut()

    async with asyncio.timeout(WAIT_S):
        await outage.cuttable.close()


async def test_consumers_that_die_again_and_again_then_the_event_is_dead_lettered(outage: Outage, topic: str) -> None:
    begun = asyncio.Event()

    async def hang(event: Event) -> None:
        begun.set()
        await asyncio.Event().wait()

    await (await outage.direct.subscribe(topic, "g", Seen())).close()
    first = await outage.direct.subscribe(topic, "g", hang)
    await established(first)
    (killer,) = events(topic, b"killer")
    await outage.direct.publish([killer])
    member = first
    for _ in range(2):
        async with asyncio.timeout(WAIT_S):
            await begun.wait()
        await member.close()
        begun.clear()
        member = await outage.direct.subscribe(topic, "g", hang)
    async with asyncio.timeout(WAIT_S):
        await begun.wait()
    await member.close()

    seen = Seen()
    await established(await outage.direct.subscribe(topic, "g", seen))
    await outage.direct.publish(events(topic, b"healthy"))

    await until(lambda: seen.payloads == [b"healthy"])
    async with asyncio.timeout(WAIT_S):
        while not (letters := await outage.direct.dead_letters(topic, "g")):  # noqa: ASYNC110 -- the broker moves it
            await asyncio.sleep(0.02)
    assert [(letter.event, letter.reason) for letter in letters] == [(killer, "its consumers died again and again")]


@pytest.mark.needs_redis
async def test_redis_is_flushed_then_new_events_are_delivered(redis_url: str, topic: str) -> None:
    group, follower = Seen(), Seen()
    bus = RedisBus(redis_url, lease_s=0.5, retry_s=RETRY_S)
    try:
        await established(await bus.subscribe(topic, "g", group))
        await established(await bus.follow(topic, follower))
        await bus.publish(events(topic, b"before"))
        await until(lambda: group.payloads == follower.payloads == [b"before"])
        async with redis.asyncio.Redis.from_url(redis_url) as admin:
            await admin.flushall()

        await bus.publish(events(topic, b"after"))

        await until(lambda: group.once == follower.once == [b"before", b"after"])
    finally:
        await bus.close()


@pytest.mark.needs_redis
async def test_redis_stream_stays_about_as_long_as_it_may(redis_url: str, topic: str) -> None:
    bus = RedisBus(redis_url, maxlen=100)
    try:
        for _ in range(10):
            await bus.publish(events(topic, *[b"x"] * 100))
        async with redis.asyncio.Redis.from_url(redis_url) as admin:
            assert 100 <= await admin.xlen(f"bus:{{{topic}}}") <= 300
    finally:
        await bus.close()


@pytest.mark.needs_redis
async def test_redis_entry_that_is_no_event_then_it_does_not_stop_the_others(redis_url: str, topic: str) -> None:
    seen = Seen()
    bus = RedisBus(redis_url, retry_s=RETRY_S)
    try:
        await established(await bus.subscribe(topic, "g", seen))
        async with redis.asyncio.Redis.from_url(redis_url) as admin:
            await admin.xadd(f"bus:{{{topic}}}", {"what": "rubbish"})

        await bus.publish(events(topic, b"good"))

        await until(lambda: b"good" in seen.payloads)
    finally:
        await bus.close()


@pytest.mark.needs_rabbitmq
async def test_rabbit_message_that_is_no_event_then_it_is_dead_lettered(rabbit_url: str, topic: str) -> None:
    seen = Seen()
    bus = RabbitBus(rabbit_url, retry_s=RETRY_S)
    try:
        await established(await bus.subscribe(topic, "g", seen))
        connection = await aio_pika.connect(rabbit_url)
        async with connection:
            exchange = await (await connection.channel()).get_exchange(EXCHANGE)
            await exchange.publish(aio_pika.Message(b"\xc1rubbish"), routing_key=topic)

        await bus.publish(events(topic, b"good"))

        await until(lambda: seen.payloads == [b"good"])
        async with asyncio.timeout(WAIT_S):
            while not (letters := await bus.dead_letters(topic, "g")):  # noqa: ASYNC110 -- the broker moves it
                await asyncio.sleep(0.02)
        assert [(letter.event.payload, letter.reason) for letter in letters] == [(b"\xc1rubbish", "not readable")]
    finally:
        await bus.close()


@pytest.mark.parametrize("url", ["kafka://localhost", "localhost:6379", ""])
async def test_connect_to_something_else_then_it_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        async with connect_bus(url):
            pass
