"""The outbox relay on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from services.kernel.ids import new_id
from services.kit import postgres
from services.kit.bus.port import Event, bus_unavailable
from services.kit.outbox import Relay

WAIT_S = 15.0
TABLE = """
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    event_id uuid NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
)
"""
RETRY_S = (0.01,)


class RecordingBus:
    """Remembers what is published; can refuse, hang, or fail after having taken the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.attempts = 0
        self.publishing = 0
        self.publishing_most = 0
        self.down = False
        self.fail_after = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, events: Sequence[Event]) -> None:
        self.attempts += 1
        self.publishing += 1
        self.publishing_most = max(self.publishing_most, self.publishing)
        try:
            await self.gate.wait()
            if self.down:
                raise bus_unavailable(ConnectionError("down"))
            self.events += events
            if self.fail_after:
                self.fail_after = False
                raise bus_unavailable(TimeoutError("no confirm"))
        finally:
            self.publishing -= 1

    @property
    def payloads(self) -> list[bytes]:
        return [event.payload for event in self.events]


@pytest.fixture
async def pool(database: Any) -> AsyncIterator[asyncpg.Pool]:
    async with postgres.pool(database.url("oms_owner"), schema="oms", max_size=8) as made:
        await made.execute(TABLE)
        yield made


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 -- the condition is on objects that tell nobody
            await asyncio.sleep(0.005)


async def until_empty(pool: asyncpg.Pool) -> None:
    async with asyncio.timeout(WAIT_S):
        while await pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 -- another connection deletes
            await asyncio.sleep(0.005)


async def insert(on: Any, key: str, *payloads: bytes) -> None:
    rows = [("t", key, new_id(), payload) for payload in payloads]
    await on.executemany("INSERT INTO outbox (topic, key, event_id, payload) VALUES ($1, $2, $3, $4)", rows)


async def test_wake_then_what_was_committed_is_sent_whole_and_deleted(pool: asyncpg.Pool) -> None:
    bus, event_id = RecordingBus(), new_id()
    relay = Relay(pool, bus, poll_s=60)
    async with running(relay):
        await pool.execute(
            "INSERT INTO outbox (topic, key, event_id, payload) VALUES ('a.b', 'k', $1, '\\x00ff')", event_id
        )
        relay.wake()
        await until(lambda: bool(bus.events))
        await until_empty(pool)
    assert bus.events == [Event("a.b", "k", event_id, b"\x00\xff")]


async def test_run_when_nobody_wakes_it_then_rows_are_found_all_the_same(pool: asyncpg.Pool) -> None:
    bus = RecordingBus()
    async with running(Relay(pool, bus, poll_s=0.02)):
        await insert(pool, "k", b"1")
        await until(lambda: bus.payloads == [b"1"])


async def test_run_when_there_are_more_than_a_batch_then_all_go_in_order(pool: asyncpg.Pool) -> None:
    bus = RecordingBus()
    payloads = [b"%03d" % n for n in range(95)]
    await insert(pool, "k", *payloads)
    async with running(Relay(pool, bus, batch_max=10, poll_s=60)):
        await until(lambda: len(bus.events) >= 95)
    assert bus.payloads == payloads
    assert bus.attempts >= 10


async def test_run_when_the_bus_is_down_then_rows_stay_and_go_when_it_is_back(pool: asyncpg.Pool) -> None:
    bus = RecordingBus()
    bus.down = True
    relay = Relay(pool, bus, poll_s=60, retry_s=RETRY_S)
    async with running(relay):
        await insert(pool, "k", b"1")
        relay.wake()
        await until(lambda: bus.attempts >= 3)
        await insert(pool, "k", b"2")
        assert await pool.fetchval("SELECT count(*) FROM outbox") == 2

        bus.down = False

        await until(lambda: len(bus.events) >= 2)
    assert bus.payloads == [b"1", b"2"]


async def test_run_when_the_confirm_is_lost_then_events_are_sent_again_with_the_same_ids(pool: asyncpg.Pool) -> None:
    bus = RecordingBus()
    bus.fail_after = True
    await insert(pool, "k", b"1", b"2")
    async with running(Relay(pool, bus, poll_s=60, retry_s=RETRY_S)):
        await until(lambda: len(bus.events) >= 4)
    assert bus.payloads == [b"1", b"2", b"1", b"2"]
    assert [event.event_id for event in bus.events[:2]] == [event.event_id for event in bus.events[2:]]


async def test_run_when_a_lower_id_commits_after_a_higher_one_then_it_is_sent_too(pool: asyncpg.Pool) -> None:
    bus = RecordingBus()
    relay = Relay(pool, bus, poll_s=60)
    async with running(relay), pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await insert(slow, "slow", b"lower id")
        await insert(pool, "fast", b"higher id")
        relay.wake()
        await until(lambda: bus.payloads == [b"higher id"])

        await transaction.commit()
        relay.wake()

        await until(lambda: bus.payloads == [b"higher id", b"lower id"])


async def test_run_when_several_relays_share_a_table_then_each_event_goes_once_in_order(pool: asyncpg.Pool) -> None:
    bus = RecordingBus()
    relays = [Relay(pool, bus, batch_max=7, poll_s=0.01) for _ in range(3)]
    async with running(*relays):
        for number in range(60):
            await insert(pool, "k", b"%03d" % number)
            relays[number % 3].wake()
        await until(lambda: len(bus.events) >= 60)
    assert bus.payloads == [b"%03d" % number for number in range(60)]
    assert bus.publishing_most == 1


async def test_run_when_the_working_relay_dies_then_another_goes_on(pool: asyncpg.Pool) -> None:
    hung, healthy = RecordingBus(), RecordingBus()
    hung.gate.clear()
    await insert(pool, "k", b"1")
    dying = asyncio.create_task(Relay(pool, hung, poll_s=60).run())
    await until(lambda: hung.attempts == 1)

    async with running(Relay(pool, healthy, poll_s=0.02, retry_s=RETRY_S)):
        assert healthy.events == []
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)

        await until(lambda: healthy.payloads == [b"1"])


async def test_run_when_its_connections_are_cut_then_it_goes_on(pool: asyncpg.Pool, database: Any) -> None:
    bus = RecordingBus()
    relay = Relay(pool, bus, poll_s=0.02, retry_s=RETRY_S)
    admin = await asyncpg.connect(database.url())
    try:
        async with running(relay):
            await insert(pool, "k", b"1")
            await until_empty(pool)
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await admin.execute("SET search_path TO oms")
            await insert(admin, "k", b"2")
            await until(lambda: b"2" in bus.payloads)
    finally:
        await admin.close()
    assert bus.payloads == [b"1", b"2"]


async def test_run_then_the_gauges_tell_what_waits(pool: asyncpg.Pool) -> None:
    bus = RecordingBus()
    bus.down = True
    await insert(pool, "k", b"1", b"2", b"3")
    await pool.execute("UPDATE outbox SET created_at = now() - interval '1 hour' WHERE payload = '1'")
    async with running(Relay(pool, bus, retry_s=RETRY_S)):
        await until(lambda: bus.attempts >= 1)
    assert REGISTRY.get_sample_value("outbox_unsent_count", {"table": "outbox"}) == 3
    assert (REGISTRY.get_sample_value("outbox_unsent_age_seconds", {"table": "outbox"}) or 0) >= 3600
