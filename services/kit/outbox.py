"""The outbox: events committed in the transaction of what they tell, then published; at least once, in order per key.

A service that publishes has this table in its schema and inserts into it in its own transactions:

    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        topic text NOT NULL,
        key text NOT NULL,
        event_id uuid NOT NULL,
        payload bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
    GRANT SELECT, INSERT, DELETE ON outbox TO <runtime role>;

Rows are read by what is there, never "after the last id": ids are given before commits, so a lower id may appear after
a higher one was sent. Per key the order holds because the writer serialises the transactions of one key (the account's
version), so that a key's ids grow in commit order. One relay a table works at a time, under an advisory lock; rows
locked by others must not be skipped, that would break the order.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Protocol

import asyncpg
from prometheus_client import Counter, Gauge

from services.kernel.clock import monotonic
from services.kernel.errors import EngineError
from services.kit import telemetry
from services.kit.bus.port import Event

BATCH_MAX = 500
# The shortest time between two batches: under load one batch carries the events of several commits. After a pause the
# first event does not wait.
PACE_S = 0.01
# How long rows of a process that died before its wake-up may wait for another relay.
POLL_S = 1.0
RETRY_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
GAUGE_S = 5.0
COUNT_MAX = 100_000

UNSENT_COUNT = Gauge("outbox_unsent_count", f"Events that wait to be published, counted to {COUNT_MAX}.", ["table"])
UNSENT_AGE = Gauge("outbox_unsent_age_seconds", "Age of the oldest event that waits to be published.", ["table"])
SENT = Counter("outbox_sent_total", "Events published.", ["table"])
FAILED = Counter("outbox_failures_total", "Attempts to publish that failed.", ["table"])

_TABLE = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
_FAILURES = (EngineError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

_log = telemetry.logger(__name__)


class Publisher(Protocol):
    """What the relay needs of a bus."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns once the bus has all of them; raises when it may not."""
        ...


class Relay:
    """Moves committed events from one outbox table to the bus. Every replica runs one; one at a time works."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        bus: Publisher,
        *,
        table: str = "outbox",
        batch_max: int = BATCH_MAX,
        poll_s: float = POLL_S,
        pace_s: float = PACE_S,
        retry_s: Sequence[float] = RETRY_S,
    ) -> None:
        if not _TABLE.fullmatch(table):
            raise ValueError(f"not the name of a table: {table!r}")
        self._pool = pool
        self._bus = bus
        self._table = table
        self._batch_max = batch_max
        self._poll_s = poll_s
        self._pace_s = pace_s
        self._retry_s = retry_s
        self._woken = asyncio.Event()
        self._measured_at = float("-inf")

    def wake(self) -> None:
        """Says that events were committed; they are published at once, or with the next batch. Cheap, never blocks."""
        self._woken.set()

    async def run(self) -> None:
        """Publishes for ever, through outages of the bus and of PostgreSQL."""
        failures = 0
        while True:
            self._woken.clear()
            try:
                await self._measure()
                sent = await self._send_batch()
            except _FAILURES as error:
                FAILED.labels(self._table).inc()
                _log.warning("outbox not sent", table=self._table, error=repr(error)[:300])
                await asyncio.sleep(self._retry_s[min(failures, len(self._retry_s) - 1)])
                failures += 1
                continue
            failures = 0
            if sent < self._batch_max:
                await asyncio.sleep(self._pace_s if sent else 0)
                await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._poll_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _send_batch(self) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK, self._table)
            rows = await connection.fetch(_OLDEST.format(table=self._table), self._batch_max)
            if not rows:
                return 0
            await self._bus.publish([_event(row) for row in rows])
            await connection.execute(_DELETE.format(table=self._table), [row["id"] for row in rows])
        SENT.labels(self._table).inc(len(rows))
        return len(rows)

    async def _measure(self) -> None:
        if monotonic() - self._measured_at < GAUGE_S:
            return
        self._measured_at = monotonic()
        (row,) = await self._pool.fetch(_WAITING.format(table=self._table), COUNT_MAX)
        UNSENT_COUNT.labels(self._table).set(row["count"])
        UNSENT_AGE.labels(self._table).set(float(row["age_s"]))


def _event(row: asyncpg.Record) -> Event:
    return Event(row["topic"], row["key"], row["event_id"], row["payload"])


# Held until the batch is deleted, so that no other relay sends the same rows meanwhile. A deletion that a crash of the
# server undoes is only sent again, so nobody waits for the disk.
_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended('outbox:' || current_schema() || '.' || $1, 0)),
       set_config('synchronous_commit', 'off', true)
"""
_OLDEST = "SELECT id, topic, key, event_id, payload FROM {table} ORDER BY id LIMIT $1"
_DELETE = "DELETE FROM {table} WHERE id = ANY($1::bigint[])"
_WAITING = """
SELECT count(*) AS count, coalesce(greatest(0, extract(epoch FROM now() - min(created_at))), 0) AS age_s
FROM (SELECT created_at FROM {table} ORDER BY id LIMIT $1) AS oldest
"""
