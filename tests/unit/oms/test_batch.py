"""Group commit over books in memory: idempotency, conflicts, unknown commits, rejections, order."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from tradeloom.oms.v1 import events_pb2

from services.kernel.errors import EngineError, Kind
from services.kernel.ids import AccountId, PositionId
from services.kernel.money import Side
from services.oms.domain.commands import Command
from services.oms.domain.orders import OrderState, RejectReason
from services.oms.domain.state import PositionMode
from services.oms.handlers.batch import ROUNDS_MAX
from services.oms.handlers.cache import AggregateCache, RecordedCache
from services.oms.handlers.queue import Waiting
from services.oms.ports import (
    AccountOutcome,
    CommitRejected,
    CommitUnknown,
    DepositOutcome,
    OrderOutcome,
    Outcome,
    Recorded,
    RecordedOrder,
    StoreFailed,
    VersionConflict,
)
from tests.fakes.oms import AfterCommit, MemoryBooks, World, account, account_id, closing, opening, order, paying

T = TypeVar("T")
Answer = Outcome | BaseException


async def run(world: World, *commands: Command) -> list[Answer]:
    """One batch; the answers, errors included."""
    waiting = [Waiting(command, 0.0, asyncio.get_running_loop().create_future()) for command in commands]
    await world.runner.run(waiting)
    assert all(one.answer.done() for one in waiting)
    return list(await asyncio.gather(*(one.answer for one in waiting), return_exceptions=True))


async def ready(*numbers: int, mode: PositionMode = PositionMode.HEDGING, amount: str = "100000") -> World:
    """A world with funded accounts."""
    world = World()
    for number in numbers or (1,):
        await run(world, opening(number, mode=mode), paying(number, amount))
    return world


def outcome(answer: Answer) -> OrderOutcome:
    """The answer as that to an order."""
    assert isinstance(answer, OrderOutcome), answer
    return answer


def reason(answer: Answer) -> str:
    """The reason of an error."""
    assert isinstance(answer, EngineError), answer
    return answer.reason


async def test_batch_when_an_account_is_opened_and_paid_into_then_both_stand_in_one_commit() -> None:
    world = World()
    opened, paid = await run(world, opening(), paying())
    assert isinstance(opened, AccountOutcome)
    assert isinstance(paid, DepositOutcome)
    assert paid.entry.balance_after == 100000
    assert len(world.books.commits) == 1
    assert world.books.aggregates[account_id(1)].version == 1


async def test_order_in_the_batch_that_opens_its_account_then_is_decided_after_it() -> None:
    world = World()
    answers = await run(world, opening(), paying(), order())
    assert outcome(answers[2]).order.state is OrderState.FILLED
    assert len(world.books.commits) == 2


async def test_order_when_the_account_does_not_exist_then_is_unknown_and_not_recorded() -> None:
    world = World()
    assert [reason(answer) for answer in await run(world, order(), paying())] == ["ACCOUNT_UNKNOWN"] * 2
    assert world.books.commits == []


async def test_orders_of_one_account_in_one_batch_then_each_sees_the_state_after_the_one_before() -> None:
    world = await ready(amount="8000")
    answers = await run(world, order("a"), order("b"), order("c"))
    assert [outcome(answer).order.reject_reason for answer in answers] == [
        RejectReason.NONE,
        RejectReason.NONE,
        RejectReason.MARGIN_INSUFFICIENT,
    ]
    assert [len(batch) for batch in world.venue.batches] == [3]
    summary = outcome(answers[1]).summary
    assert summary is not None
    assert summary.margin_used == Decimal("7326.67")


async def test_order_when_a_deposit_in_the_same_batch_pays_for_it_then_is_filled() -> None:
    world = await ready(amount="10")
    answers = await run(world, paying(1, "10000", "pay-2"), order())
    assert outcome(answers[1]).order.state is OrderState.FILLED


async def test_margin_when_short_at_once_then_the_order_is_not_routed() -> None:
    world = await ready(amount="10")
    answers = await run(world, order())
    assert outcome(answers[0]).order.reject_reason is RejectReason.MARGIN_INSUFFICIENT
    assert world.venue.batches == []


async def test_order_when_asked_again_then_replays_the_first_answer() -> None:
    world = await ready()
    (first,) = await run(world, order())
    (again,) = await run(world, order())
    assert outcome(again).replayed
    assert outcome(again).summary is None
    assert (outcome(again).order, outcome(again).fills) == (outcome(first).order, outcome(first).fills)
    assert len(world.books.order_rows) == 1


async def test_order_when_refused_and_asked_again_then_replays_the_refusal() -> None:
    world = await ready(amount="10")
    await run(world, order())
    world.market.move("EURUSD", "0.00001", "0.00002")
    (again,) = await run(world, order())
    assert outcome(again).replayed
    assert outcome(again).order.reject_reason is RejectReason.MARGIN_INSUFFICIENT


async def test_order_when_asked_twice_in_one_batch_then_is_done_once() -> None:
    world = await ready()
    first, second = await run(world, order(), order())
    assert (outcome(first).replayed, outcome(second).replayed) == (False, True)
    assert outcome(first).order == outcome(second).order
    assert len(world.books.aggregates[account_id(1)].state.positions) == 1


@pytest.mark.parametrize("together", [True, False])
async def test_order_when_the_key_is_reused_for_another_body_then_conflicts(together: bool) -> None:
    world = await ready()
    if together:
        _, second = await run(world, order(), order(quantity="2"))
    else:
        await run(world, order())
        (second,) = await run(world, order(quantity="2"))
    assert reason(second) == "CLIENT_ORDER_ID_REUSED"
    assert len(world.books.order_rows) == 1


async def test_order_when_it_cannot_be_one_but_its_key_stands_then_replays() -> None:
    world = await ready()
    await run(world, order())
    del world.market.instruments["EURUSD"]
    (again,) = await run(world, order())
    assert outcome(again).replayed


class Counting:
    """Books that count how often they are asked."""

    def __init__(self, books: MemoryBooks) -> None:
        self._books = books
        self.finds = 0
        self.commits_asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)

    async def find(self, *asked: Any) -> Recorded:
        """Counts, and looks up."""
        self.finds += 1
        return await self._books.find(*asked)

    async def commit(self, commits: Any) -> None:
        """Counts, and commits."""
        self.commits_asked += 1
        await self._books.commit(commits)


def restarted(world: World) -> tuple[World, Counting]:
    """Another process on the same books, which remembers nothing."""
    made, books = World(), Counting(world.books)
    made.books = books  # type: ignore[assignment]
    made.runner = made.replica(made.cache)
    return made, books


async def test_order_when_it_is_new_then_the_books_are_not_asked_for_it() -> None:
    world, books = restarted(await ready())
    (answer,) = await run(world, order())
    assert outcome(answer).order.state is OrderState.FILLED
    assert (books.finds, books.commits_asked) == (0, 1)


async def test_order_when_asked_again_soon_then_neither_the_books_nor_the_venue_are_asked() -> None:
    world, books = restarted(await ready())
    await run(world, order())
    again, reused = await run(world, order(), order(quantity="2"))
    assert outcome(again).replayed
    assert reason(reused) == "CLIENT_ORDER_ID_REUSED"
    assert books.commits_asked == 1
    assert len(world.venue.batches) == 1


async def test_orders_when_some_stand_already_then_one_look_up_settles_the_whole_batch() -> None:
    numbers = range(1, 9)
    before = await ready(*numbers)
    first = await run(before, *(order("old", number=number) for number in (3, 6)))
    world, books = restarted(before)
    orders = [order("old" if number in (3, 6) else "new", number=number) for number in numbers]
    answers = await run(world, *orders, order("more", number=3))
    assert [outcome(answer).replayed for answer in answers] == [*(number in (3, 6) for number in numbers), False]
    assert [outcome(answers[at]).order for at in (2, 5)] == [outcome(answer).order for answer in first]
    assert (books.finds, books.commits_asked) == (1, 2)
    assert len(world.books.order_rows) == 9
    assert {attempt.command.client_order_id for attempt in world.venue.batches[-1]} == {"new", "more"}


async def test_order_when_its_key_stands_for_another_body_before_a_restart_then_conflicts() -> None:
    before = await ready()
    await run(before, order())
    world, _ = restarted(before)
    reused, good = await run(world, order(quantity="2"), order("good"))
    assert reason(reused) == "CLIENT_ORDER_ID_REUSED"
    assert not outcome(good).replayed


async def test_order_when_it_stands_but_the_venue_does_not_answer_then_replays() -> None:
    before = await ready()
    await run(before, order())
    world, books = restarted(before)
    world.venue.failure = EngineError(Kind.UNAVAILABLE, "OUTCOME_UNKNOWN", "the link broke")
    again, new = await run(world, order(), order("new"))
    assert outcome(again).replayed
    assert reason(new) == "OUTCOME_UNKNOWN"
    assert (books.finds, books.commits_asked) == (1, 0)


async def test_order_when_it_cannot_be_looked_up_then_no_error_is_told_in_its_place() -> None:
    world = await ready()
    world.books.load_fails = True
    (answer,) = await run(world, order(symbol="NOPE"))
    assert reason(answer) == "BOOKS_UNAVAILABLE"


async def test_close_when_it_stands_and_its_position_is_gone_then_replays() -> None:
    before = await ready()
    (opened,) = await run(before, order())
    position_id = outcome(opened).fills[0].position_id
    (closed,) = await run(before, closing("c", position_id))
    world, _ = restarted(before)
    (again,) = await run(world, closing("c", position_id))
    assert outcome(again).replayed
    assert outcome(again).order == outcome(closed).order


async def test_recorded_orders_when_there_are_too_many_then_the_oldest_are_forgotten() -> None:
    kept = RecordedCache(2)
    (done,) = await run(await ready(), order())
    recorded = RecordedOrder(outcome(done).order, outcome(done).fills)
    kept.put(account_id(1), {"a": recorded, "b": recorded})
    kept.put(account_id(2), {"a": recorded})
    assert [kept.get((account_id(1), key)) for key in "ab"] == [None, recorded]
    assert kept.get((account_id(2), "a")) is recorded


async def test_deposit_when_asked_again_then_is_booked_once() -> None:
    world = await ready()
    first, second, third = await run(world, paying(key="x"), paying(key="x"), paying(key="x", amount="5"))
    (fourth,) = await run(world, paying(key="x"))
    assert isinstance(first, DepositOutcome)
    assert first == second == fourth
    assert reason(third) == "REQUEST_ID_REUSED"
    assert world.books.aggregates[account_id(1)].state.balance == 200000


async def test_open_when_asked_again_then_returns_the_account_and_another_body_conflicts() -> None:
    world = await ready()
    (again,) = await run(world, opening())
    assert isinstance(again, AccountOutcome)
    assert again.state.balance == 100000
    (other,) = await run(world, opening(currency="EUR"))
    assert reason(other) == "ACCOUNT_EXISTS"


async def test_open_when_the_number_is_taken_then_conflicts() -> None:
    world = await ready()
    other = replace(opening(2), account=replace(account(2), number="D-1"))
    (answer,) = await run(world, other)
    assert reason(answer) == "ACCOUNT_EXISTS"


async def test_close_when_closed_before_then_is_refused_on_record() -> None:
    world = await ready()
    (opened,) = await run(world, order())
    position_id = outcome(opened).fills[0].position_id
    await run(world, closing("c1", position_id))
    (late,) = await run(world, closing("c2", position_id))
    assert outcome(late).order.reject_reason is RejectReason.POSITION_NOT_OPEN
    assert (outcome(late).order.symbol, outcome(late).order.side) == ("EURUSD", Side.SELL)


async def test_close_when_the_account_never_had_the_position_then_nothing_is_recorded() -> None:
    world = await ready()
    (answer,) = await run(world, closing("c1", PositionId(account_id(99))))
    assert reason(answer) == "POSITION_UNKNOWN"
    assert world.books.order_rows == {}


async def test_close_when_twice_in_one_batch_then_only_one_closes() -> None:
    world = await ready()
    (opened,) = await run(world, order())
    position_id = outcome(opened).fills[0].position_id
    first, second = await run(world, closing("c1", position_id), closing("c2", position_id))
    assert outcome(first).order.state is OrderState.FILLED
    assert outcome(second).order.reject_reason is RejectReason.POSITION_NOT_OPEN


async def test_close_of_all_behind_an_order_that_adds_then_closes_the_sum() -> None:
    world = await ready(mode=PositionMode.NETTING)
    (opened,) = await run(world, order("a", quantity="1"))
    position_id = outcome(opened).fills[0].position_id
    _, closed, after = await run(world, order("b", quantity="2"), closing("c", position_id), order("d", quantity="1"))
    assert outcome(closed).order.quantity.value == 3
    (position,) = world.books.aggregates[account_id(1)].state.positions.values()
    assert position.position_id == outcome(after).fills[0].position_id


async def test_venue_when_it_does_not_answer_then_only_what_needs_it_fails() -> None:
    world = await ready(1, 2)
    world.venue.failure = EngineError(Kind.UNAVAILABLE, "OUTCOME_UNKNOWN", "the link broke")
    failed, paid = await run(world, order(), paying(2, "5", "pay-2"))
    assert reason(failed) == "OUTCOME_UNKNOWN"
    assert isinstance(paid, DepositOutcome)
    assert world.books.order_rows == {}


async def test_conflict_when_another_replica_changed_an_account_then_only_its_commands_are_decided_again() -> None:
    world = await ready(1, 2)
    other = World()
    other.books = world.books
    other.runner = other.replica(AggregateCache(10))
    await run(other, order("theirs", number=1))
    answers = await run(world, order("mine-1", number=1), order("mine-2", number=2))
    assert all(outcome(answer).order.state is OrderState.FILLED for answer in answers)
    assert len(world.books.aggregates[account_id(1)].state.positions) == 2
    assert [[commit.account_id for commit in commits] for commits in world.books.commits[-2:]] == [
        [account_id(2)],
        [account_id(1)],
    ]
    assert [commit.version_before for commit in world.books.commits[-1]] == [2]


async def test_conflict_when_the_same_key_was_recorded_elsewhere_then_replays_it() -> None:
    world = await ready(1)
    other = World()
    other.books = world.books
    other.runner = other.replica(AggregateCache(10))
    (theirs,) = await run(other, order("same"))
    (mine,) = await run(world, order("same"))
    assert outcome(mine).replayed
    assert outcome(mine).order == outcome(theirs).order


async def test_conflict_when_it_never_ends_then_gives_up_with_an_error() -> None:
    world = await ready()
    world.books.faults = [VersionConflict(frozenset({account_id(1)})) for _ in range(ROUNDS_MAX)]
    (answer,) = await run(world, order())
    assert reason(answer) == "ACCOUNT_CONTENDED"


async def test_commit_unknown_when_it_happened_then_answers_as_if_nothing_was() -> None:
    world = await ready()
    world.books.faults = [AfterCommit()]
    (answer,) = await run(world, order())
    assert outcome(answer).order.state is OrderState.FILLED
    assert not outcome(answer).replayed
    assert len(world.books.order_rows) == 1
    (again,) = await run(world, order("next"))
    assert outcome(again).order.state is OrderState.FILLED


async def test_commit_unknown_when_it_did_not_happen_then_decides_again() -> None:
    world = await ready()
    world.books.faults = [CommitUnknown()]
    (answer,) = await run(world, order())
    assert outcome(answer).order.state is OrderState.FILLED
    assert len(world.books.order_rows) == 1
    assert len(world.venue.batches) == 2


async def test_commit_unknown_when_nobody_can_tell_then_the_outcome_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.oms.handlers.batch.RESOLVE_S", (0.0, 0.0))
    world = await ready()
    world.books.faults = [AfterCommit()]
    world.books.resolve_fails = True
    (answer,) = await run(world, order())
    assert reason(answer) == "OUTCOME_UNKNOWN"
    world.books.resolve_fails = False
    (again,) = await run(world, order())
    assert outcome(again).replayed


async def test_commit_unknown_when_an_account_is_being_opened_then_asking_again_is_safe() -> None:
    world = World()
    world.books.faults = [AfterCommit()]
    (answer,) = await run(world, opening())
    assert isinstance(answer, AccountOutcome)
    assert world.books.aggregates[account_id(1)].version == 1


@pytest.mark.parametrize("when", ["load", "commit"])
async def test_books_when_they_fail_then_nothing_was_done_and_the_cache_is_dropped(when: str) -> None:
    world = await ready()
    if when == "load":
        world.cache.drop([account_id(1)])
        world.books.load_fails = True
    else:
        world.books.faults = [StoreFailed()]
    (answer,) = await run(world, order())
    assert reason(answer) == "BOOKS_UNAVAILABLE"
    world.books.load_fails = False
    assert when == "load" or world.cache.get(account_id(1)) is None
    (again,) = await run(world, order())
    assert not outcome(again).replayed


async def test_rejection_when_one_of_many_is_to_blame_then_its_neighbours_are_committed() -> None:
    numbers = range(1, 9)
    world = await ready(*numbers)
    world.books.refused_keys = {"bad"}
    answers = await run(world, *(order("bad" if number == 5 else f"o{number}", number=number) for number in numbers))
    wrong = [number for number, answer in zip(numbers, answers, strict=True) if isinstance(answer, EngineError)]
    assert wrong == [5]
    assert reason(answers[4]) == "COMMAND_NOT_RECORDABLE"


async def test_rejection_when_one_command_of_an_account_is_to_blame_then_the_others_are_committed() -> None:
    world = await ready()
    world.books.refused_keys = {"bad"}
    answers = await run(world, order("a"), order("bad"), order("c"))
    assert [isinstance(answer, OrderOutcome) for answer in answers] == [True, False, True]
    assert len(world.books.aggregates[account_id(1)].state.positions) == 2


async def test_rejection_when_the_whole_commit_is_refused_once_then_halves_go_through() -> None:
    world = await ready(1, 2)
    world.books.faults = [CommitRejected("x", "no")]
    answers = await run(world, order("a", number=1), order("b", number=2))
    assert all(outcome(answer).order.state is OrderState.FILLED for answer in answers)


async def test_command_when_its_arithmetic_fails_then_only_it_fails() -> None:
    world = await ready(1, 2)
    world.market.move("XAUUSD", "1E+6140", "1E+6140")
    bad, good = await run(world, order("a", "XAUUSD", number=1), order("b", number=2))
    assert isinstance(bad, EngineError)
    assert outcome(good).order.state is OrderState.FILLED


async def test_outbox_then_has_one_event_an_account_and_commit_with_dense_sequences() -> None:
    world = await ready()
    await run(world, order("a"), order("b"))
    events = [events_pb2.AccountChanged.FromString(payload) for _, payload in world.books.outbox]
    assert [change.sequence for event in events for change in event.changes] == list(range(1, 9))
    assert [event.summary.sequence for event in events] == [2, 8]
    assert {event.user_id for event in events} == {str(account().user_id)}
    assert len(world.wakes) == 2


async def test_answers_when_nothing_was_recorded_then_commit_nothing() -> None:
    world = await ready()
    commits = len(world.books.commits)
    (answer,) = await run(world, order(symbol="NOPE"))
    assert reason(answer) == "SYMBOL_UNKNOWN"
    assert len(world.books.commits) == commits


async def test_cache_when_full_then_forgets_the_account_used_longest_ago() -> None:
    world = World()
    world.cache = AggregateCache(2)
    world.runner = world.replica(world.cache)
    for number in (1, 2, 3):
        await run(world, opening(number))
    assert world.cache.get(AccountId(account_id(1))) is None
    assert world.cache.get(account_id(3)) is not None
    (answer,) = await run(world, paying(1))
    assert isinstance(answer, DepositOutcome)
