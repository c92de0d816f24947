"""The open loop: what is due is sent when it is due, whether or not the system has answered what came before.

Latency counts from the moment that the schedule says, so a system (or a generator) that stalls can't hide the wait of
those that it kept from being sent: no coordinated omission.
"""

import asyncio
import ctypes
import ctypes.util
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.load.histogram import Histogram

TICK_S = 0.001

_CLOCK_MONOTONIC = 1
_NONBLOCKING = os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each one is due: every `1 / rate` seconds; above 1,000 a second, so many at each millisecond."""

    rate: float
    seconds: float

    @property
    def count(self) -> int:
        """How many in all."""
        return int(self.rate * self.seconds)

    @property
    def tick_s(self) -> float:
        """How often the generator wakes."""
        return max(1 / self.rate, TICK_S)

    def due(self, number: int) -> float:
        """When that one is due, in seconds from the start."""
        return int(number / self.rate / self.tick_s + 1e-9) * self.tick_s


@dataclass
class Paced:
    """How well the generator kept the schedule."""

    sent: int = 0
    lag: Histogram = field(default_factory=Histogram)


async def open_loop(schedule: Schedule, send: Callable[[int, float], None]) -> Paced:
    """Calls `send(number, due)` for each, `due` on the clock of `time.perf_counter`, at the time or, late, at once."""
    paced = Paced()
    ticker = Ticker(schedule.tick_s)
    start = time.perf_counter() + schedule.tick_s
    with ticker:
        while paced.sent < schedule.count:
            await ticker.tick()
            now = time.perf_counter()
            while paced.sent < schedule.count and (due := start + schedule.due(paced.sent)) <= now:
                paced.lag.record(now - due)
                send(paced.sent, due)
                paced.sent += 1
    return paced


class _Timer(ctypes.Structure):
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


class Ticker:
    """A periodic kernel timer: event loops round their timers to a millisecond, which would be most of a latency."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
        self._due = asyncio.Event()
        self._fd = -1

    def __enter__(self) -> "Ticker":
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCKING)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        seconds, nanoseconds = divmod(int(self._interval_s * 1e9), 1_000_000_000)
        timer = _Timer(seconds, nanoseconds, seconds, nanoseconds)
        self._libc.timerfd_settime(self._fd, 0, ctypes.byref(timer), None)
        asyncio.get_running_loop().add_reader(self._fd, self._ring)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    async def tick(self) -> None:
        """Returns at the next tick, or at once when one was missed."""
        await self._due.wait()
        self._due.clear()

    def _ring(self) -> None:
        missed = struct.unpack("Q", os.read(self._fd, 8))
        if missed:
            self._due.set()
