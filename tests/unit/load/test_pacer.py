import asyncio
import time

import pytest

from tests.load.pacer import Schedule, open_loop


def test_a_slow_schedule_spaces_each_one_evenly() -> None:
    schedule = Schedule(rate=100, seconds=2)
    assert schedule.count == 200
    assert [schedule.due(number) for number in (0, 1, 199)] == pytest.approx([0.0, 0.01, 1.99])


def test_a_fast_schedule_has_so_many_at_each_millisecond() -> None:
    schedule = Schedule(rate=5_000, seconds=1)
    at = [schedule.due(number) for number in range(schedule.count)]
    assert at[:6] == pytest.approx([0.0] * 5 + [0.001])
    assert at == sorted(at)
    assert at[-1] == pytest.approx(0.999)


async def test_each_is_sent_once_in_order_and_not_before_it_is_due() -> None:
    sent: list[tuple[int, float, float]] = []
    schedule = Schedule(rate=2_000, seconds=0.1)
    paced = await open_loop(schedule, lambda number, due: sent.append((number, due, time.perf_counter())))
    assert [number for number, _, _ in sent] == list(range(200))
    assert all(due <= at for _, due, at in sent)
    assert paced.sent == paced.lag.count == 200


async def test_a_stall_is_not_omitted_from_the_latency() -> None:
    late: list[float] = []

    def send(number: int, due: float) -> None:
        late.append(time.perf_counter() - due)
        if number == 10:
            time.sleep(0.05)

    await open_loop(Schedule(rate=1_000, seconds=0.1), send)
    assert len(late) == 100
    # Those that were due during the stall were sent after it and count the wait.
    assert sum(each > 0.02 for each in late) >= 25


async def test_the_schedule_does_not_wait_for_answers() -> None:
    never = asyncio.get_running_loop().create_future()
    waiting: list[asyncio.Task[None]] = []

    async def call() -> None:
        await never

    paced = await open_loop(Schedule(rate=500, seconds=0.05), lambda *_: waiting.append(asyncio.create_task(call())))
    assert paced.sent == 25
    never.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
