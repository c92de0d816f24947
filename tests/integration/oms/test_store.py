"""The books, in memory and in PostgreSQL: one suite for both, so that the fake can't lie."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.kernel.errors import EngineError
from services.kernel.ids import PositionId
from services.kernel.money import Side
from services.oms.domain.commands import Command
from services.oms.domain.orders import OrderState, RejectReason
from services.oms.domain.state import PositionMode
from services.oms.handlers.cache import AggregateCache
from services.oms.handlers.queue import Waiting
from services.oms.ports import CommitRejected, OrderOutcome, Page, VersionConflict
from services.oms.store.books import PostgresBooks
from services.oms.store.desk import Desk
from services.oms.store.reader import PostgresReader
from tests.fakes.oms import USER, MemoryBooks, World, account, account_id, closing, opening, order, paying


class Capture:
    """Books that remember what was committed."""

    def __init__(self, books: Any) -> None:
        self.books = books
        self.commits: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.books, name)

    async def commit(self, commits: Any) -> None:
        """Commits, and remembers."""
        self.commits.append(commits)
        await self.books.commit(commits)


@pytest.fixture(params=["memory", "postgres"])
async def world(request: pytest.FixtureRequest, desk: Desk) -> World:
    """A world whose books are in memory, or in PostgreSQL."""
    made = World()
    if request.param == "postgres":
        made.books = PostgresBooks(desk)  # type: ignore[assignment]
        made.reader = PostgresReader(desk)  # type: ignore[attr-defined]
    else:
        made.reader = made.books  # type: ignore[attr-defined]
    made.books = Capture(made.books)  # type: ignore[assignment]
    made.runner = made.replica(made.cache)
    return made


async def run(world: World, *commands: Command) -> list[Any]:
    """One batch; the answers, errors included."""
    waiting = [Waiting(command, 0.0, asyncio.get_running_loop().create_future()) for command in commands]
    await world.runner.run(waiting)
    return list(await asyncio.gather(*(one.answer for one in waiting), return_exceptions=True))


async def funded(world: World, *numbers: int, mode: PositionMode = PositionMode.HEDGING) -> None:
    """Opens and funds accounts."""
    for number in numbers or (1,):
        await run(world, opening(number, mode=mode), paying(number))


async def test_load_then_gives_what_was_committed(world: World) -> None:
    await funded(world)
    await run(world, order("a", "USDJPY", Side.SELL), order("b"), order("c", "XAUUSD", quantity="0.5"))
    loaded = (await world.books.load([account_id(1), account_id(2)]))[account_id(1)]
    assert loaded == world.cache.get(account_id(1))
    assert list(loaded.state.positions) == list(world.cache.get(account_id(1)).state.positions)  # type: ignore[union-attr]


async def test_load_when_prices_have_many_digits_then_keeps_them_all(world: World) -> None:
    await funded(world, mode=PositionMode.NETTING)
    await run(world, order("a", quantity="0.01"))
    world.market.move("EURUSD", "1.23451", "1.23457")
    await run(world, order("b", quantity="0.06"))
    (position,) = (await world.books.load([account_id(1)]))[account_id(1)].state.positions.values()
    assert (
        position.open_price.value
        == (Decimal("0.01") * Decimal("1.10010") + Decimal("0.06") * Decimal("1.23457")) / 7 * 100
    )


async def test_load_when_a_position_is_closed_then_leaves_it_out(world: World) -> None:
    await funded(world)
    opened = (await run(world, order()))[0]
    await run(world, closing("c", opened.fills[0].position_id))
    loaded = (await world.books.load([account_id(1)]))[account_id(1)]
    assert loaded.state.positions == {}
    recorded = await world.books.find([], [], [(account_id(1), opened.fills[0].position_id)])
    assert recorded.positions[opened.fills[0].position_id].quantity.value == 0


async def test_find_then_gives_orders_with_their_fills_and_deposits_by_key(world: World) -> None:
    await funded(world)
    (done,) = await run(world, order("a"))
    await run(world, order("b", quantity="99"))
    recorded = await world.books.find(
        [(account_id(1), "a"), (account_id(1), "b"), (account_id(1), "nope"), (account_id(2), "a")],
        [(account_id(1), "pay-1"), (account_id(1), "nope")],
        [(account_id(1), PositionId(UUID(int=1)))],
    )
    assert recorded.orders[account_id(1), "a"].order == done.order
    assert recorded.orders[account_id(1), "a"].fills == done.fills
    refused = recorded.orders[account_id(1), "b"]
    assert (refused.order.state, refused.fills) == (OrderState.REJECTED, ())
    assert len(recorded.orders) == 2
    assert list(recorded.deposits) == [(account_id(1), "pay-1")]
    assert recorded.deposits[account_id(1), "pay-1"].entry.amount == 100000
    assert recorded.positions == {}


async def test_find_when_nothing_is_asked_then_finds_nothing(world: World) -> None:
    recorded = await world.books.find([], [], [])
    assert (recorded.orders, recorded.deposits, recorded.positions) == ({}, {}, {})


async def test_commit_when_the_version_moved_then_changes_nothing_and_names_the_account(world: World) -> None:
    await funded(world, 1, 2, 3)
    await run(world, order("a", number=1), order("b", number=2), order("c", number=3))
    stale = world.books.commits[-1]
    fresh = [replace(stale[2], version_before=stale[2].version_before + 1)]
    with pytest.raises(VersionConflict) as caught:
        await world.books.commit([*stale[:2], *fresh])
    assert caught.value.accounts == {account_id(1), account_id(2)}
    assert (await world.books.load([account_id(3)]))[account_id(3)].version == 2


async def test_commit_when_a_key_is_taken_then_is_rejected_and_changes_nothing(world: World) -> None:
    await funded(world)
    await run(world, order("a"))
    again = world.books.commits[-1][0]
    moved = replace(again, version_before=again.version_before + 1)
    with pytest.raises(CommitRejected) as caught:
        await world.books.commit([moved])
    assert caught.value.constraint
    assert (await world.books.load([account_id(1)]))[account_id(1)].version == 2


async def test_commit_when_an_account_exists_then_is_rejected(world: World) -> None:
    await funded(world)
    first = world.books.commits[0]
    with pytest.raises(CommitRejected):
        await world.books.commit(first)


async def test_commit_when_a_number_is_taken_then_names_the_constraint(world: World) -> None:
    await funded(world)
    (answer,) = await run(world, replace(opening(2), account=replace(account(2), number="D-1")))
    assert isinstance(answer, EngineError)
    assert answer.reason == "ACCOUNT_EXISTS"


async def test_was_committed_then_tells_the_two_apart(world: World) -> None:
    await funded(world)
    await run(world, order("a"))
    done = world.books.commits[-1]
    assert await world.books.was_committed(done)
    await run(world, order("b"))
    assert await world.books.was_committed(done)
    other = replace(done[0], after=replace(done[0].after, journal_hash=bytes(32)))
    assert not await world.books.was_committed([other])
    later = replace(done[0], after=replace(done[0].after, state=replace(done[0].after.state, sequence=99)))
    assert not await world.books.was_committed([later])


async def test_orders_when_an_earlier_process_recorded_some_then_one_more_commit_settles_the_batch(
    world: World,
) -> None:
    await funded(world, 1, 2, 3)
    (first,) = await run(world, order("a", number=2))
    world.cache = AggregateCache(10)
    world.runner = world.replica(world.cache)
    tried = len(world.books.commits)
    answers = await run(world, *(order("a", number=number) for number in (1, 2, 3)), order("b", number=2))
    assert [answer.replayed for answer in answers] == [False, True, False, False]
    assert (answers[1].order, answers[1].fills) == (first.order, first.fills)
    assert len(world.books.commits) - tried == 2


async def test_two_replicas_when_they_trade_for_the_same_accounts_then_nothing_is_lost_or_doubled(world: World) -> None:
    await funded(world, 1, 2)
    other = World(market=world.market)
    other.books = world.books
    other.runner = other.replica(AggregateCache(10))

    async def trade(replica: World, name: str) -> list[Any]:
        answers = []
        for at in range(6):
            answers += await run(
                replica, *(order(f"{name}{at}", quantity="0.01", number=number) for number in (1, 2)), order("shared")
            )
        return answers

    answers = [*await trade(world, "x"), *await trade(other, "y")]
    both = await asyncio.gather(trade(world, "v"), trade(other, "w"))
    answers += [answer for part in both for answer in part]
    assert all(isinstance(answer, OrderOutcome) for answer in answers)
    done = {answer.order.order_id: answer for answer in answers if not answer.replayed}
    assert len(done) == 4 * 6 * 2 + 1
    loaded = await world.books.load([account_id(1), account_id(2)])
    assert len(loaded[account_id(1)].state.positions) == 25
    assert len(loaded[account_id(2)].state.positions) == 24


async def test_reader_then_pages_newest_first(world: World) -> None:
    await funded(world)
    for at in range(5):
        await run(world, order(f"o{at}", quantity="0.01"))
    reader: Any = world.reader  # type: ignore[attr-defined]
    first = await reader.orders(account_id(1), Page(2, None))
    rest = await reader.orders(account_id(1), Page(9, first[-1].order_id))
    assert [one.client_order_id for one in [*first, *rest]] == ["o4", "o3", "o2", "o1", "o0"]
    fills = await reader.fills(account_id(1), Page(9, None))
    assert [fill.order_id for fill in fills] == [one.order_id for one in [*first, *rest]]
    (entry,) = await reader.entries(account_id(1), Page(9, None))
    assert entry.balance_after == 100000
    assert await reader.entries(account_id(1), Page(9, entry.transaction_id)) == []


async def test_reader_then_finds_an_order_by_either_id(world: World) -> None:
    await funded(world, 1, 2)
    (done,) = await run(world, order("a"))
    reader: Any = world.reader  # type: ignore[attr-defined]
    by_id = await reader.order(account_id(1), order_id=done.order.order_id, client_order_id="")
    by_key = await reader.order(account_id(1), order_id=None, client_order_id="a")
    assert by_id == by_key
    assert (by_id.order, by_id.fills) == (done.order, done.fills)
    assert await reader.order(account_id(2), order_id=done.order.order_id, client_order_id="") is None


async def test_reader_then_lists_accounts_and_changes(world: World) -> None:
    await funded(world, 2, 1)
    reader: Any = world.reader  # type: ignore[attr-defined]
    assert [state.account.number for state in await reader.accounts_of(USER)] == ["D-1", "D-2"]
    assert await reader.accounts_of(UUID(int=5)) == []
    changes, last = await reader.changes(account_id(1), 1, 10)
    assert ([change.sequence for change in changes], last) == ([2], 2)
    assert await reader.changes(account_id(1), 2, 10) == ([], 2)
    assert await reader.changes(account_id(9), 0, 10) == ([], 0)
    assert await reader.version_of(account_id(9)) is None
    assert await reader.load_one(account_id(9)) is None


async def test_rejected_order_then_is_stored_with_its_reason(world: World) -> None:
    await funded(world)
    await run(world, order("big", quantity="100"))
    loaded = await world.books.find([(account_id(1), "big")], [], [])
    assert loaded.orders[account_id(1), "big"].order.reject_reason is RejectReason.MARGIN_INSUFFICIENT


async def test_role_then_may_not_change_what_is_append_only(pool: asyncpg.Pool) -> None:
    for statement in (
        "UPDATE posting SET amount = 0",
        "DELETE FROM posting",
        "UPDATE journal SET payload = ''",
        "DELETE FROM journal",
        "UPDATE fill SET price = 1",
        "DELETE FROM orders",
        "DELETE FROM account",
        "UPDATE ledger_entry SET amount = 0",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


def test_fake_then_has_every_method_of_the_real_ones() -> None:
    for real in (PostgresBooks, PostgresReader):
        assert {name for name in vars(real) if not name.startswith("_")} <= set(dir(MemoryBooks))
