"""The provider's book of one symbol: five levels a side, as encoded FIX entries.

Levels keep their MDEntryID (278); a change of price or size is an update of that entry. The best level follows the
market at once, the deeper ones only when they are off by more than their share, as dealers do; so an update is a few
entries, not ten.
"""

from __future__ import annotations

from simulators.lp.instruments import Instrument, price_text, size_text
from simulators.lp.market import Top

LEVELS = 5
_CACHE_MAX = 50_000
_NEW, _CHANGE, _DELETE = b"0", b"1", b"2"

Entry = tuple[int, bytes]
"""The level (0 is the best), and the encoded entry."""


class Book:
    """Holds the levels and says what changed."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._prices: list[list[int]] = [[], []]
        self._sizes: list[list[int]] = [[], []]
        self._step = max(1, instrument.spread_points // 3)
        self._heads = [[self._head(side, level) for level in range(LEVELS)] for side in (0, 1)]
        self._tails: dict[int, bytes] = {}
        self._texts: dict[int, bytes] = {}

    def _head(self, side: int, level: int) -> bytes:
        symbol = self.instrument.symbol
        return f"\x01269={side}\x01278={symbol}.{'BA'[side]}{level + 1}\x0155={symbol}\x01".encode()

    @property
    def is_empty(self) -> bool:
        """Whether no price was made yet."""
        return not self._prices[0]

    def levels(self, side: int) -> list[tuple[int, int]]:
        """Prices in points and sizes in hundredths, best first; side 0 is the bids."""
        return list(zip(self._prices[side], self._sizes[side], strict=True))

    def take(self, side: int, level: int, size: int) -> None:
        """Takes liquidity: the level gets smaller until the next quote."""
        self._sizes[side][level] -= size

    def update(self, top: Top) -> list[Entry]:
        """Moves the book to the new best prices; returns the entries that changed."""
        # First away, then near: a reader that applies entries one by one never sees a crossed book.
        if not self.is_empty and top.bid > self._prices[0][0]:
            return self._move(1, top.ask, top.ask_size) + self._move(0, top.bid, top.bid_size)
        return self._move(0, top.bid, top.bid_size) + self._move(1, top.ask, top.ask_size)

    def _move(self, side: int, best: int, size: int) -> list[Entry]:
        prices, sizes = self._prices[side], self._sizes[side]
        fresh = not prices
        if fresh:
            prices.extend([0] * LEVELS)
            sizes.extend([0] * LEVELS)
        away = 1 if side else -1
        entries: list[Entry] = []
        for level in range(LEVELS):
            target = best + away * level * self._step
            tolerance = min(level * self._step // 2, self._step - 1)
            stays = abs(prices[level] - target) <= tolerance and (prices[level] - prices[level - 1]) * away > 0
            if level and stays and not fresh:
                continue
            quantity = size * (1 + level)
            if prices[level] == target and sizes[level] == quantity:
                continue
            prices[level], sizes[level] = target, quantity
            entries.append((level, self._entry(_NEW if fresh else _CHANGE, side, level)))
        return entries

    def _entry(self, action: bytes, side: int, level: int) -> bytes:
        points, size = self._prices[side][level], self._sizes[side][level]
        return b"".join((b"279=", action, self._heads[side][level], self._price(points), self._tail(size)))

    def _price(self, points: int) -> bytes:
        text = self._texts.get(points)
        if text is None:
            if len(self._texts) > _CACHE_MAX:
                self._texts.clear()
            text = self._texts[points] = b"270=" + price_text(points, self.instrument.digits).encode()
        return text

    def _tail(self, size: int) -> bytes:
        text = self._tails.get(size)
        if text is None:
            if len(self._tails) > _CACHE_MAX:
                self._tails.clear()
            text = self._tails[size] = f"\x01271={size_text(size)}\x01".encode()
        return text

    def snapshot(self, depth: int) -> tuple[int, bytes]:
        """The entries of a full refresh (W), down to `depth`: how many, and encoded."""
        parts: list[bytes] = []
        for side in (0, 1):
            for level in range(min(depth, len(self._prices[side]))):
                entry = self._entry(_NEW, side, level)
                parts.append(self._for_snapshot(entry))
        return len(parts), b"".join(parts)

    def _for_snapshot(self, entry: bytes) -> bytes:
        """The same without action (279) and symbol (55): in a full refresh the symbol stands above the group."""
        symbol = b"55=" + self.instrument.symbol.encode() + b"\x01"
        return entry.partition(b"\x01")[2].replace(symbol, b"", 1)
