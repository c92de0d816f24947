"""What every event bus promises: one suite for the memory fake, Redis and RabbitMQ."""

import asyncio
from collections.abc import Callable

import pytest

from services.kernel.ids import new_id
from services.kit.bus.port import Event, EventBus

WAIT_S = 15.0

MakeBus = Callable[[], EventBus]


@pytest.fixture
def topic() -> str:
    return f"test.{new_id()}"


class Seen:
    """A handler that remembers, and can be waited for."""

    def __init__(self, fail: Callable[[Event], bool] = lambda event: False) -> None:
        self.events: list[Event] = []
        self.attempts: list[Event] = []
        self._fail = fail
        self._changed = asyncio.Condition()

    async def __call__(self, event: Event) -> None:
        async with self._changed:
            self.attempts.append(event)
            self._changed.notify_all()
            if self._fail(event):
                raise ValueError("can't handle this")
            self.events.append(event)

    @property
    def payloads(self) -> list[bytes]:
        return [event.payload for event in self.events]

    def of(self, key: str) -> list[bytes]:
        return [event.payload for event in self.events if event.key == key]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S), self._changed:
            await self._changed.wait_for(condition)

    async def until_count(self, count: int) -> None:
        await self.until(lambda: len(self.events) >= count)


def events(topic: str, key: str, *payloads: bytes) -> list[Event]:
    return [Event(topic, key, new_id(), payload) for payload in payloads]


def numbered(topic: str, keys: int, count: int) -> list[Event]:
    return [Event(topic, f"key-{n % keys}", new_id(), b"%06d" % n) for n in range(count)]


async def test_subscribe_then_events_come_whole(bus: EventBus, topic: str) -> None:
    seen = Seen()
    await (await bus.subscribe(topic, "g", seen)).established()
    sent = events(topic, "naïve key", b"\x00\xff binary", b"")

    await bus.publish(sent)

    await seen.until_count(2)
    assert seen.events == sent


async def test_subscribe_then_order_holds_within_each_key(bus: EventBus, topic: str) -> None:
    seen = Seen()
    await (await bus.subscribe(topic, "g", seen)).established()
    sent = numbered(topic, keys=7, count=400)

    for at in range(0, 400, 130):
        await bus.publish(sent[at : at + 130])

    await seen.until_count(400)
    for key in {event.key for event in sent}:
        assert seen.of(key) == [event.payload for event in sent if event.key == key]


async def test_subscribe_when_two_groups_then_each_gets_every_event(bus: EventBus, topic: str) -> None:
    one, two = Seen(), Seen()
    await (await bus.subscribe(topic, "one", one)).established()
    await (await bus.subscribe(topic, "two", two)).established()

    await bus.publish(events(topic, "k", b"1", b"2"))

    await one.until_count(2)
    await two.until_count(2)
    assert one.payloads == two.payloads == [b"1", b"2"]


async def test_subscribe_when_two_members_then_each_event_goes_to_one(make_bus: MakeBus, topic: str) -> None:
    first, second = Seen(), Seen()
    await (await make_bus().subscribe(topic, "g", first)).established()
    await (await make_bus().subscribe(topic, "g", second)).established()

    await make_bus().publish(events(topic, "k", b"1", b"2", b"3"))

    waits = [asyncio.create_task(seen.until_count(3)) for seen in (first, second)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    # Its failure would be shown at any time later, from within whatever the garbage collector interrupts.
    await asyncio.gather(*waits, return_exceptions=True)
    assert sorted(first.payloads + second.payloads) == [b"1", b"2", b"3"]


async def test_subscribe_when_other_topic_then_nothing_comes(bus: EventBus, topic: str) -> None:
    seen, other = Seen(), Seen()
    await (await bus.subscribe(topic, "g", seen)).established()
    await (await bus.subscribe(f"{topic}.other", "g", other)).established()

    await bus.publish(events(f"{topic}.other", "k", b"not for us"))
    await other.until_count(1)
    await bus.publish(events(topic, "k", b"ours"))

    await seen.until_count(1)
    assert seen.payloads == [b"ours"]


async def test_publish_when_nobody_is_subscribed_then_it_succeeds(bus: EventBus, topic: str) -> None:
    await bus.publish(events(topic, "k", b"1"))
    await bus.publish([])


async def test_subscribe_when_member_was_away_then_it_gets_what_came_meanwhile(make_bus: MakeBus, topic: str) -> None:
    before, after, publisher = Seen(), Seen(), make_bus()
    away = await publisher.subscribe(topic, "g", before)
    await away.established()
    await away.close()

    await publisher.publish(events(topic, "k", b"1", b"2"))
    await make_bus().subscribe(topic, "g", after)

    await after.until_count(2)
    assert after.payloads == [b"1", b"2"]


async def test_close_when_an_event_is_being_handled_then_the_next_member_gets_it(make_bus: MakeBus, topic: str) -> None:
    begun = asyncio.Event()

    async def hang(event: Event) -> None:
        begun.set()
        await asyncio.Event().wait()

    dying = await make_bus().subscribe(topic, "g", hang)
    await dying.established()
    heir = Seen()
    await (await make_bus().subscribe(topic, "g", heir)).established()
    await make_bus().publish(events(topic, "k", b"1", b"2"))
    async with asyncio.timeout(WAIT_S):
        await begun.wait()

    await dying.close()

    await heir.until_count(2)
    assert heir.payloads == [b"1", b"2"]


async def test_handler_when_it_fails_once_then_it_is_called_again_in_order(bus: EventBus, topic: str) -> None:
    failed: list[bytes] = []

    def fail_once(event: Event) -> bool:
        failed.append(event.payload)
        return event.payload == b"1" and failed.count(b"1") == 1

    seen = Seen(fail_once)
    await (await bus.subscribe(topic, "g", seen)).established()

    await bus.publish(events(topic, "k", b"1", b"2"))

    await seen.until_count(2)
    assert seen.payloads == [b"1", b"2"]
    assert await bus.dead_letters(topic, "g") == []


async def test_handler_when_an_event_is_poison_then_it_is_dead_lettered_and_its_key_goes_on(
    bus: EventBus, topic: str
) -> None:
    seen = Seen(lambda event: event.payload == b"poison")
    await (await bus.subscribe(topic, "g", seen)).established()
    poison, after = events(topic, "sick", b"poison", b"after")

    await bus.publish([poison, after])

    await seen.until_count(1)
    assert seen.events == [after]
    assert seen.attempts.count(poison) == 3
    (letter,) = await bus.dead_letters(topic, "g")
    assert letter.event == poison
    assert letter.reason == "ValueError: can't handle this"


async def test_handler_when_one_key_hangs_then_others_go_on(bus: EventBus, topic: str) -> None:
    seen, release = Seen(), asyncio.Event()

    async def handle(event: Event) -> None:
        if event.key == "stuck":
            await release.wait()
        await seen(event)

    await (await bus.subscribe(topic, "g", handle)).established()

    await bus.publish([*events(topic, "stuck", b"1"), *events(topic, "free", b"2", b"3")])
    await seen.until_count(2)
    assert seen.payloads == [b"2", b"3"]

    release.set()
    await seen.until_count(3)


async def test_follow_then_every_follower_gets_every_event_in_order(make_bus: MakeBus, topic: str) -> None:
    one, two = Seen(), Seen()
    await (await make_bus().follow(topic, one)).established()
    await (await make_bus().follow(topic, two)).established()
    sent = numbered(topic, keys=3, count=120)

    await make_bus().publish(sent)

    await one.until_count(120)
    await two.until_count(120)
    assert one.events == two.events == sent


async def test_follow_then_nothing_from_before_comes(bus: EventBus, topic: str) -> None:
    seen = Seen()
    await bus.publish(events(topic, "k", b"before"))
    await (await bus.follow(topic, seen)).established()

    await bus.publish(events(topic, "k", b"after"))

    await seen.until_count(1)
    assert seen.payloads == [b"after"]


async def test_follow_when_handler_raises_then_the_next_event_still_comes(bus: EventBus, topic: str) -> None:
    seen = Seen(lambda event: event.payload == b"bad")
    subscription = await bus.follow(topic, seen)
    await subscription.established()

    await bus.publish(events(topic, "k", b"bad", b"good"))

    await seen.until_count(1)
    assert seen.payloads == [b"good"]
    assert subscription.live


async def test_close_when_following_then_nothing_comes_any_more(bus: EventBus, topic: str) -> None:
    closed, witness = Seen(), Seen()
    subscription = await bus.follow(topic, closed)
    await subscription.established()
    await (await bus.follow(topic, witness)).established()
    await subscription.close()

    await bus.publish(events(topic, "k", b"1"))

    await witness.until_count(1)
    assert closed.events == []
