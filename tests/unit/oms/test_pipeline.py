"""The queue and its writers: batches that form by themselves, accounts that wait, overload."""

import asyncio
from collections.abc import Callable

import pytest

from services.kernel.errors import EngineError
from services.oms.domain.commands import Command
from services.oms.handlers.pipeline import Limits, Pipeline
from services.oms.handlers.queue import CommandQueue, Waiting
from services.oms.ports import OrderOutcome
from tests.fakes.oms import World, account_id, opening, order, paying


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def waiting(command: Command, clock: Clock) -> Waiting:
    """A queued command."""
    return Waiting(command, clock(), asyncio.get_running_loop().create_future())


class Gate:
    """Holds commits back until it is opened."""

    def __init__(self, world: World) -> None:
        self.open = asyncio.Event()
        self.entered = asyncio.Event()
        self.sizes: list[int] = []
        self._commit = world.books.commit
        world.books.commit = self.commit  # type: ignore[method-assign]

    async def commit(self, commits: list[object]) -> None:
        """Commits once the gate is open."""
        self.sizes.append(len(commits))
        self.entered.set()
        await self.open.wait()
        await self._commit(commits)  # type: ignore[arg-type]


async def funded(*numbers: int) -> World:
    """A world with funded accounts."""
    world = World()
    async with Pipeline(world.runner, Limits(), Clock()) as pipeline:
        for number in numbers:
            await pipeline.submit(opening(number))
            await pipeline.submit(paying(number))
    return world


async def until(condition: Callable[[], bool]) -> None:
    """Lets everything else run until the condition holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- what is waited for is state, not an event
            await asyncio.sleep(0)


async def test_queue_when_an_account_is_held_then_its_commands_wait_and_others_go() -> None:
    clock = Clock()
    queue = CommandQueue(clock)
    first, second, other = waiting(order("a"), clock), waiting(order("b"), clock), waiting(order(number=2), clock)
    queue.put(first)
    assert await queue.take(10) == [first]
    queue.put(second)
    queue.put(other)
    assert await queue.take(10) == [other]
    assert len(queue) == 1
    queue.release([account_id(1)])
    assert await queue.take(10) == [second]


async def test_queue_when_a_line_is_longer_than_a_batch_then_keeps_its_order() -> None:
    clock = Clock()
    queue = CommandQueue(clock)
    line = [waiting(order(f"o{number}"), clock) for number in range(5)]
    for one in line:
        queue.put(one)
    taken = []
    while len(taken) < 5:
        taken += await queue.take(2)
        queue.release([account_id(1)])
    assert taken == line


async def test_queue_then_tells_the_age_of_the_oldest() -> None:
    clock = Clock()
    queue = CommandQueue(clock)
    assert queue.head_age_s() == 0
    queue.put(waiting(order("a"), clock))
    clock.now += 2
    queue.put(waiting(order("b", number=2), clock))
    assert queue.head_age_s() == 2
    await queue.take(1)
    assert queue.head_age_s() == 0


async def test_batches_when_a_commit_takes_long_then_form_behind_it() -> None:
    world = await funded(*range(1, 7))
    gate = Gate(world)
    async with Pipeline(world.runner, Limits(writers=1), Clock()) as pipeline:
        tasks = [asyncio.create_task(pipeline.submit(order(number=1)))]
        await gate.entered.wait()
        tasks += [asyncio.create_task(pipeline.submit(order(number=number))) for number in range(2, 7)]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(*tasks)
    assert gate.sizes == [1, 5]


async def test_account_when_in_an_uncommitted_batch_then_the_other_writer_leaves_it_alone() -> None:
    world = await funded(1, 2)
    gate = Gate(world)
    async with Pipeline(world.runner, Limits(writers=2), Clock()) as pipeline:
        first = asyncio.create_task(pipeline.submit(order("a", number=1)))
        await gate.entered.wait()
        behind = asyncio.create_task(pipeline.submit(order("b", number=1)))
        beside = asyncio.create_task(pipeline.submit(order("c", number=2)))
        await until(lambda: len(gate.sizes) == 2)
        assert [len(batch) for batch in world.venue.batches] == [1, 1]
        gate.open.set()
        answers = await asyncio.gather(first, behind, beside)
    assert all(isinstance(answer, OrderOutcome) and answer.fills for answer in answers)


async def test_answer_when_the_commit_is_not_done_then_is_not_given() -> None:
    world = await funded(1)
    gate = Gate(world)
    async with Pipeline(world.runner, Limits(), Clock()) as pipeline:
        task = asyncio.create_task(pipeline.submit(order()))
        await gate.entered.wait()
        assert not task.done()
        assert world.books.order_rows == {}
        gate.open.set()
        await task
    assert len(world.books.order_rows) == 1


@pytest.mark.parametrize("limits", [Limits(queue_max=2), Limits(queue_age_s_max=0.4)])
async def test_submit_when_too_much_waits_or_too_long_then_is_refused(limits: Limits) -> None:
    world, clock = await funded(1), Clock()
    gate = Gate(world)
    async with Pipeline(world.runner, limits, clock) as pipeline:
        tasks = [asyncio.create_task(pipeline.submit(order("a")))]
        await gate.entered.wait()
        tasks += [asyncio.create_task(pipeline.submit(order(key))) for key in ("b", "c")]
        await asyncio.sleep(0)
        clock.now += 0.41
        with pytest.raises(EngineError) as caught:
            await pipeline.submit(order("d"))
        assert caught.value.reason == "OVERLOADED"
        clock.now -= 0.41
        gate.open.set()
        await asyncio.gather(*tasks)
    assert len(world.books.order_rows) == 3


async def test_command_when_it_waited_too_long_then_is_refused_and_not_begun() -> None:
    world, clock = await funded(1), Clock()
    gate = Gate(world)
    async with Pipeline(world.runner, Limits(), clock) as pipeline:
        first = asyncio.create_task(pipeline.submit(order("a")))
        await gate.entered.wait()
        late = asyncio.create_task(pipeline.submit(order("b")))
        await asyncio.sleep(0)
        clock.now += 0.6
        gate.open.set()
        await first
        with pytest.raises(EngineError) as caught:
            await late
    assert caught.value.reason == "OVERLOADED"
    assert len(world.books.order_rows) == 1


async def test_caller_when_it_goes_away_then_its_order_is_carried_out_all_the_same() -> None:
    world = await funded(1)
    gate = Gate(world)
    async with Pipeline(world.runner, Limits(), Clock()) as pipeline:
        task = asyncio.create_task(pipeline.submit(order()))
        await gate.entered.wait()
        task.cancel()
        gate.open.set()
        await until(lambda: len(world.books.order_rows) == 1)


async def test_pipeline_when_stopped_in_the_middle_of_a_commit_then_the_outcome_is_unknown() -> None:
    world = await funded(1)
    gate = Gate(world)
    async with Pipeline(world.runner, Limits(), Clock()) as pipeline:
        task = asyncio.create_task(pipeline.submit(order()))
        await gate.entered.wait()
    with pytest.raises(EngineError) as caught:
        await task
    assert caught.value.reason == "OUTCOME_UNKNOWN"
    assert world.cache.get(account_id(1)) is None


async def test_pipeline_when_stopped_then_what_waits_and_what_comes_later_is_told_that_nothing_was_done() -> None:
    world = await funded(1)
    gate = Gate(world)
    async with Pipeline(world.runner, Limits(), Clock()) as pipeline:
        begun = asyncio.create_task(pipeline.submit(order("a")))
        await gate.entered.wait()
        behind = asyncio.create_task(pipeline.submit(order("b")))
        await asyncio.sleep(0)
    for answer in (behind, pipeline.submit(order("c"))):
        with pytest.raises(EngineError) as caught:
            await answer
        assert caught.value.reason == "STOPPING"
    await asyncio.gather(begun, return_exceptions=True)


async def test_pipeline_when_a_batch_fails_by_a_mistake_of_ours_then_goes_on() -> None:
    world = await funded(1)
    commit = world.books.commit

    async def broken(_commits: object) -> None:
        world.books.commit = commit  # type: ignore[method-assign]
        raise LookupError("a mistake")

    world.books.commit = broken  # type: ignore[method-assign, assignment]
    async with Pipeline(world.runner, Limits(), Clock()) as pipeline:
        with pytest.raises(EngineError) as caught:
            await pipeline.submit(order("a"))
        assert caught.value.reason == "OUTCOME_UNKNOWN"
        answer = await pipeline.submit(order("a"))
    assert isinstance(answer, OrderOutcome)


async def test_many_callers_when_at_once_then_each_order_is_done_once_and_in_order() -> None:
    world = await funded(*range(1, 6))
    async with Pipeline(world.runner, Limits(batch_max=7), Clock()) as pipeline:
        commands = [order(f"o{number}", quantity="0.01", number=1 + number % 5) for number in range(200)]
        answers = await asyncio.gather(*(pipeline.submit(command) for command in commands))
    orders = [answer.order for answer in answers if isinstance(answer, OrderOutcome)]
    assert [one.client_order_id for one in orders] == [command.client_order_id for command in commands]
    for number in range(1, 6):
        mine = [one.order_id for one in orders if one.account_id == account_id(number)]
        assert mine == sorted(mine)
        assert world.books.journal_rows[account_id(number)][-1].sequence == 2 + 3 * 40
