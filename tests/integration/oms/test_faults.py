"""Connections that die while the books are written: nothing acknowledged is lost, nothing is done twice."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.kernel.clock import monotonic
from services.kernel.errors import EngineError
from services.oms.handlers.pipeline import Limits, Pipeline
from services.oms.ports import OrderOutcome
from services.oms.store.books import PostgresBooks
from services.oms.store.desk import Desk
from services.oms.verify import verify
from tests.conftest import Database
from tests.fakes.oms import World, account_id, opening, order, paying


class Cut:
    """A connection that dies at a commit: before the server has it, or after it was carried out."""

    def __init__(self, books: PostgresBooks, desk: Desk, *, after: bool) -> None:
        self._books = books
        self._desk = desk
        self._after = after
        self.cuts = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)

    async def commit(self, commits: Any) -> None:
        """Cuts the line of the first commit."""
        if self.cuts:
            return await self._books.commit(commits)
        self.cuts += 1
        real = self._desk.connection
        self._desk.connection = self._cutting(real)  # type: ignore[method-assign]
        try:
            await self._books.commit(commits)
        finally:
            self._desk.connection = real  # type: ignore[method-assign]

    def _cutting(self, real: Any) -> Any:
        from contextlib import asynccontextmanager

        @asynccontextmanager
        async def connection() -> Any:
            async with real() as inner:
                yield Dying(inner, after=self._after)

        return connection


class Dying:
    """A connection whose next statement is its last."""

    def __init__(self, inner: Any, *, after: bool) -> None:
        self._inner = inner
        self._after = after

    async def fetch(self, *arguments: Any, **named: Any) -> Any:
        """Loses the connection around the statement."""
        if self._after:
            await self._inner.fetch(*arguments, **named)
        self._inner.terminate()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


async def world_on(books: Any) -> World:
    """A world on these books."""
    world = World()
    world.books = books
    world.runner = world.replica(world.cache)
    return world


async def fund(desk: Desk, *numbers: int) -> None:
    """Opens and funds accounts."""
    world = await world_on(PostgresBooks(desk))
    async with Pipeline(world.runner, Limits(), monotonic) as pipeline:
        for number in numbers:
            await pipeline.submit(opening(number))
            await pipeline.submit(paying(number))


@pytest.mark.parametrize("after", [False, True])
async def test_commit_when_its_connection_dies_then_the_order_is_done_once(
    desk: Desk, pool: asyncpg.Pool, after: bool
) -> None:
    await fund(desk, 1, 2)
    books = Cut(PostgresBooks(desk), desk, after=after)
    world = await world_on(books)
    async with Pipeline(world.runner, Limits(), monotonic) as pipeline, asyncio.timeout(10):
        answers = await asyncio.gather(pipeline.submit(order("a", number=1)), pipeline.submit(order("b", number=2)))
        after_it = await pipeline.submit(order("c", number=1))
    assert books.cuts == 1
    assert all(isinstance(answer, OrderOutcome) and answer.fills for answer in [*answers, after_it])
    assert await pool.fetchval("SELECT count(*) FROM orders") == 3
    assert (await verify(pool)).faults == []


async def test_backends_when_killed_under_load_then_every_acknowledged_order_stands_once(
    desk: Desk, pool: asyncpg.Pool, database: Database
) -> None:
    await fund(desk, *range(1, 9))
    world = await world_on(PostgresBooks(desk))
    limits = Limits(queue_age_s_max=30, command_age_s_max=30)
    killer: Any = await asyncpg.connect(database.url())
    acknowledged: list[str] = []
    unknown: list[str] = []

    async def client(number: int) -> None:
        for at in range(12):
            key = f"k{number}-{at}"
            try:
                answer = await pipeline.submit(order(key, quantity="0.01", number=number))
                assert isinstance(answer, OrderOutcome)
                acknowledged.append(key)
            except EngineError as error:
                if error.reason not in ("BOOKS_UNAVAILABLE", "OUTCOME_UNKNOWN"):
                    raise
                unknown.append(key)

    async def kill() -> None:
        for _ in range(6):
            before = len(acknowledged) + len(unknown)
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'oms' AND datname = $1",
                database.name,
            )
            while len(acknowledged) + len(unknown) < min(before + 8, 96):  # noqa: ASYNC110 -- counts are what is awaited
                await asyncio.sleep(0.001)

    try:
        async with Pipeline(world.runner, limits, monotonic) as pipeline, asyncio.timeout(60):
            await asyncio.gather(kill(), *(client(number) for number in range(1, 9)))
    finally:
        await killer.close()
    stored = [row["client_order_id"] for row in await pool.fetch("SELECT client_order_id FROM orders")]
    assert len(stored) == len(dict.fromkeys(stored))
    assert set(acknowledged) <= set(stored)
    assert set(stored) <= set(acknowledged) | set(unknown)
    assert acknowledged
    assert (await verify(pool)).faults == []


async def test_process_when_it_dies_in_the_middle_of_a_commit_then_another_goes_on_from_the_books(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await fund(desk, 1)
    first = await world_on(PostgresBooks(desk))
    async with Pipeline(first.runner, Limits(), monotonic) as pipeline:
        waiting = [asyncio.create_task(pipeline.submit(order(f"k{at}", quantity="0.01"))) for at in range(50)]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    second = await world_on(PostgresBooks(desk))
    async with Pipeline(second.runner, Limits(), monotonic) as pipeline:
        again = await asyncio.gather(*(pipeline.submit(order(f"k{at}", quantity="0.01")) for at in range(50)))
    assert all(isinstance(answer, OrderOutcome) for answer in again)
    known = [answer.order.order_id for answer in outcomes if isinstance(answer, OrderOutcome)]
    assert set(known) <= {answer.order.order_id for answer in again if isinstance(answer, OrderOutcome)}
    state = (await PostgresBooks(desk).load([account_id(1)]))[account_id(1)].state
    assert len(state.positions) == 50
    assert (await verify(pool)).faults == []
