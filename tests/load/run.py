"""Runs a workload through a door: at a rate (open loop), or as fast as it goes (closed loop)."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from tests.load.doors import Door
from tests.load.pacer import Schedule, open_loop
from tests.load.tally import Outcome, Tally

DRAIN_S = 15.0
WARM_UP_PART = 0.1
WARM_UP_S_MAX = 3.0
_IDLE_S = 2.0

Cpu = dict[str, float]
CpuSeconds = Callable[[], Cpu]
"""The CPU seconds that each part of what is watched has used."""


@dataclass
class Figures:
    """What one run measured; times in milliseconds, CPU in microseconds an order."""

    name: str
    offered: float
    achieved: float
    latency: dict[str, float]
    lag_p99: float = 0.0
    filled: int = 0
    unfilled: int = 0
    unanswered: int = 0
    cpu_us: float = 0.0
    cpu_above_idle_us: float = 0.0
    cpu_by_component: dict[str, float] = field(default_factory=dict)
    generator_us: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)
    target: str = ""
    met: bool | None = None

    def as_json(self) -> dict[str, object]:
        """For a file."""
        return asdict(self)


def no_cpu() -> Cpu:
    """Where there is no process to watch."""
    return {}


def used_since(before: Cpu, now: Cpu) -> Cpu:
    """What each part used between the two; one that was restarted counts from its start."""
    return {name: seconds - min(before.get(name, 0.0), seconds) for name, seconds in now.items()}


async def idle_rate(cpu: CpuSeconds) -> float:
    """How much CPU the system uses when nobody trades: seconds per second."""
    before, started = cpu(), time.perf_counter()
    await asyncio.sleep(_IDLE_S)
    return sum(used_since(before, cpu()).values()) / (time.perf_counter() - started)


async def at_rate(name: str, door: Door, tally: Tally, schedule: Schedule, cpu: CpuSeconds = no_cpu) -> Figures:
    """Offers orders at a steady rate, after a short warm-up at the same rate that is not measured."""
    idle = await idle_rate(cpu) if cpu is not no_cpu else 0.0
    async with door:
        warm_up = Schedule(schedule.rate, min(schedule.seconds * WARM_UP_PART, WARM_UP_S_MAX))
        await open_loop(warm_up, door.send)
        await tally.all_answered(DRAIN_S)
        tally.latency = type(tally.latency)()
        done_before, offset = tally.done, tally.sent
        meter = _Meter(cpu, idle)
        paced = await open_loop(schedule, lambda number, due: door.send(offset + number, due))
        await tally.all_answered(DRAIN_S)
    done = tally.done - done_before
    elapsed = max(tally.last_answer - meter.started, 1e-9)
    figures = _figures(name, tally, done, elapsed, meter)
    figures.offered = schedule.rate
    figures.lag_p99 = paced.lag.quantile(0.99) * 1000
    return figures


async def at_full_speed(
    name: str, door: Door, tally: Tally, window: int, seconds: float, cpu: CpuSeconds = no_cpu
) -> Figures:
    """Keeps `window` orders in flight for that long: the highest rate that can be sustained."""
    idle = await idle_rate(cpu) if cpu is not no_cpu else 0.0
    async with door:
        loop = asyncio.get_running_loop()
        meter = _Meter(cpu, idle)
        give_up = meter.started + seconds

        def next_one() -> None:
            now = time.perf_counter()
            if now < give_up and tally.sent < len(tally.outcomes):
                door.send(tally.sent, now)

        def answered() -> None:
            # Not called at once: a door that is shut answers while it is being asked.
            loop.call_soon(next_one)

        tally.on_answer = answered
        for _ in range(window):
            next_one()
        await asyncio.sleep(seconds)
        await tally.all_answered(DRAIN_S)
        tally.on_answer = None
    return _figures(name, tally, tally.done, max(tally.last_answer - meter.started, 1e-9), meter)


class _Meter:
    """CPU from now on."""

    def __init__(self, cpu: CpuSeconds, idle: float) -> None:
        self._cpu = cpu
        self._idle = idle
        self._before = cpu()
        self._own = _own_cpu()
        self.started = time.perf_counter()

    def read(self) -> tuple[Cpu, float, float]:
        """Seconds of CPU since: of each part, of all above idle, of the generator."""
        used = used_since(self._before, self._cpu())
        idle = self._idle * (time.perf_counter() - self.started)
        return used, max(sum(used.values()) - idle, 0.0), _own_cpu() - self._own


def _own_cpu() -> float:
    times = os.times()
    return times.user + times.system


def _figures(name: str, tally: Tally, done: int, elapsed: float, meter: _Meter) -> Figures:
    used, above, own = meter.read()
    us_each = 1e6 / max(done, 1)
    filled = tally.count(Outcome.FILLED)
    return Figures(
        name=name,
        offered=0.0,
        achieved=done / elapsed,
        latency=tally.latency.milliseconds(),
        filled=filled,
        unfilled=tally.answered - filled,
        unanswered=tally.sent - tally.answered,
        cpu_us=sum(used.values()) * us_each,
        cpu_above_idle_us=above * us_each,
        cpu_by_component={name: seconds * us_each for name, seconds in used.items()},
        generator_us=own * us_each,
        reasons=dict(tally.reasons.most_common(5)),
    )
