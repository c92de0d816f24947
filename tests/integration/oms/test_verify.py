"""The verifier: silent on good books, loud on each kind of tampering."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.kernel.clock import monotonic
from services.kernel.money import Side
from services.oms.domain.state import PositionMode
from services.oms.handlers.pipeline import Limits, Pipeline
from services.oms.store.books import PostgresBooks
from services.oms.store.desk import Desk
from services.oms.verify import main, verify
from tests.conftest import Database
from tests.fakes.oms import World, closing, opening, order, paying


@pytest.fixture
async def traded(desk: Desk) -> World:
    """Books with trades of both modes in them."""
    world = World()
    world.books = PostgresBooks(desk)  # type: ignore[assignment]
    world.runner = world.replica(world.cache)
    async with Pipeline(world.runner, Limits(), monotonic) as pipeline:
        for number, mode in ((1, PositionMode.HEDGING), (2, PositionMode.NETTING)):
            await pipeline.submit(opening(number, mode=mode))
            await pipeline.submit(paying(number))
        await asyncio.gather(
            *(
                pipeline.submit(
                    order(
                        f"o{at}", ("EURUSD", "USDJPY")[at % 2], (Side.BUY, Side.SELL)[at // 2 % 2], "0.03", 1 + at % 2
                    )
                )
                for at in range(40)
            )
        )
        state = world.cache.get(opening(1).account_id)
        assert state is not None
        for at, position in enumerate(list(state.state.positions)[:5]):
            await pipeline.submit(closing(f"c{at}", position))
        await pipeline.submit(order("net", "USDJPY", Side.BUY, "0.50", 2))
        await pipeline.submit(order("reverse", "USDJPY", Side.SELL, "0.75", 2))
    return world


async def test_verify_when_the_books_are_good_then_finds_nothing(traded: World, pool: asyncpg.Pool) -> None:
    proof = await verify(pool)
    assert proof.faults == []
    assert proof.account_count == 2
    assert proof.entry_count > 100


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE oms.journal SET payload = payload || '\\x00' WHERE sequence = 4", "the journal breaks at entry 4"),
        ("DELETE FROM oms.journal WHERE sequence = 4", "the journal breaks at entry 4"),
        ("UPDATE oms.account SET balance = balance + 1 WHERE number = 'D-1'", "replays to another state"),
        ("UPDATE oms.position SET quantity = quantity + 1 WHERE quantity > 0", "replays to another state"),
        ("UPDATE oms.posting SET amount = amount + 1 WHERE ordinal = 2", "postings sum to"),
        ("UPDATE oms.posting SET ledger_account = 'client:x' WHERE ordinal = 1", "its postings sum to"),
        ("UPDATE oms.fill SET quantity = 9 WHERE quantity = 0.03", "its fills sum to"),
        ("UPDATE oms.account SET journal_hash = decode(repeat('00', 32), 'hex')", "replays to another state"),
    ],
)
async def test_verify_when_the_books_were_tampered_with_then_says_where(
    traded: World, pool: asyncpg.Pool, database: Database, tampering: str, fault: str
) -> None:
    superuser: Any = await asyncpg.connect(database.url())
    try:
        await superuser.execute(tampering)
    finally:
        await superuser.close()
    proof = await verify(pool)
    assert any(fault in told for told in proof.faults), proof.faults


async def test_verify_as_a_command_then_prints_and_exits_by_what_it_found(
    traded: World, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await main(database.url("oms")) == 0
    assert "0 faults" in capsys.readouterr().out
