"""A market to quote: one path for all providers, and what each makes of it.

The path is a function of time and of the market's seed alone (value noise: octaves of hashed knots whose size grows
with the square root of their period, so it looks like a random walk at every scale but always comes home to its mean).
So providers in separate processes agree on the price, and a provider that restarts goes on where the market is.
A provider adds its own spread, sizes and a small skew, from its own seed.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from simulators.lp.instruments import Instrument

SEGMENT_S = 0.25
"""The path is a straight line within a segment."""
_OCTAVES = 17
_DAY_S = 86_400.0
_BURST_S = 6.0
_BURST_SHARE = 0.05
_SKEW_MAX = 0.3


@dataclass(frozen=True, slots=True)
class Top:
    """The best prices in points, and the quantities there in hundredths of a base unit."""

    bid: int
    ask: int
    bid_size: int
    ask_size: int


class Source(Protocol):
    """Where the prices of one symbol come from."""

    def at(self, now_s: float) -> Top:
        """The prices at that moment; the moments never go back."""

    def is_busy(self, now_s: float) -> bool:
        """Whether the symbol should get more of the quotes than usual."""


def _uniform(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but the parts."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class Path:
    """The middle price of one symbol over time."""

    def __init__(self, instrument: Instrument, market_seed: int) -> None:
        self._instrument = instrument
        self._seed = market_seed
        # Over a time t, the octaves shorter than t move by 1.15 of the size of the octave t: about a random walk.
        scale = instrument.mean_points * instrument.day_volatility
        periods = [SEGMENT_S * 2**octave for octave in range(_OCTAVES)]
        self._octaves = [(period, scale * math.sqrt(period / _DAY_S)) for period in periods]
        self._segment = -1
        self._start = 0.0
        self._slope = 0.0

    def mid(self, now_s: float) -> float:
        """The middle price in points."""
        segment = int(now_s / SEGMENT_S)
        if segment != self._segment:
            begin = segment * SEGMENT_S
            self._start = self._sum(begin)
            self._slope = (self._sum(begin + SEGMENT_S) - self._start) / SEGMENT_S
            self._segment = segment
        return self._start + self._slope * (now_s - segment * SEGMENT_S)

    def _sum(self, at_s: float) -> float:
        return (
            self._instrument.mean_points
            + sum(size * self._noise(period, at_s) for period, size in self._octaves)
            + self._drift(at_s)
        )

    def _noise(self, period: float, at_s: float) -> float:
        knot = int(at_s / period)
        share = at_s / period - knot
        return self._knot(period, knot) * (1.0 - share) + self._knot(period, knot + 1) * share

    def _knot(self, period: float, knot: int) -> float:
        return 2.0 * _uniform(self._seed, self._instrument.symbol, period, knot) - 1.0

    def _drift(self, at_s: float) -> float:
        """The session's drift: each day leans one way until the afternoon, and gives it back."""
        lean = 2.0 * _uniform(self._seed, self._instrument.symbol, "day", int(at_s / _DAY_S)) - 1.0
        day = self._instrument.mean_points * self._instrument.day_volatility
        return 0.5 * lean * day * math.sin(math.pi * (at_s % _DAY_S) / _DAY_S)

    def burst(self, now_s: float) -> bool:
        """Whether this is a burst: much happens and spreads are wide."""
        return _uniform(self._seed, self._instrument.symbol, "burst", int(now_s / _BURST_S)) < _BURST_SHARE


class GeneratedSource:
    """What one provider quotes for one symbol."""

    def __init__(self, instrument: Instrument, provider_seed: int, market_seed: int = 1) -> None:
        self._instrument = instrument
        self._path = Path(instrument, market_seed)
        self._random = random.Random(f"{provider_seed}/{instrument.symbol}")
        self._spread = instrument.spread_points * self._random.uniform(0.9, 1.35)
        self._size = self._random.uniform(0.6, 1.5)
        self._skew = 0.0
        self._window = -1
        self._burst = False
        self._night = 1.0

    def at(self, now_s: float) -> Top:
        """The prices at that moment."""
        burst = self.is_busy(now_s)
        noise = self._random.gauss(0.0, 1.0)
        spread = self._spread * self._night * (1.6 + 0.5 * abs(noise) if burst else 1.0 + 0.15 * abs(noise))
        self._skew = max(-_SKEW_MAX, min(_SKEW_MAX, 0.97 * self._skew + (0.09 if burst else 0.04) * noise))
        mid = self._path.mid(now_s) + self._skew * self._spread
        bid = math.floor(mid - spread / 2)
        ask = max(bid + 1, math.ceil(mid + spread / 2))
        return Top(bid, ask, self._quantity(burst), self._quantity(burst))

    def is_busy(self, now_s: float) -> bool:
        """Whether the symbol is in a burst."""
        window = int(now_s / _BURST_S)
        if window != self._window:
            self._window = window
            self._burst = self._path.burst(now_s)
            self._night = 1.5 if int(now_s / 3600) % 24 in (21, 22) else 1.0  # Around the roll, few make prices.
        return self._burst

    def _quantity(self, burst: bool) -> int:
        # In tenths of the usual size, as dealers quote round sizes.
        tenths = max(1, int(self._size * (3 if burst else 10) * self._random.choice((0.5, 1.0, 1.0, 1.5, 2.0))))
        return self._instrument.size * tenths // 10
