"""The book of one symbol at one provider, built from snapshots and increments."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.fix_gateway.domain.parse import BID, CHANGE, DELETE, OFFER, Entry
from services.fix_gateway.domain.scale import Scale

LEVELS_MAX = 5
_HELD_MAX = 500

Level = tuple[int, int]
"""Price in points and quantity in hundredths of a lot."""


class Broken(Exception):
    """The book does not fit the provider's any more; the text is the reason, short enough for a label."""


@dataclass(frozen=True, slots=True)
class Book:
    """The best levels of a symbol at a provider, best first; none withdraws the provider from the symbol.

    `received_us` is on the monotonic clock of this process, `provider_time_us` on the provider's, since 1970.
    """

    provider: str
    symbol: str
    bids: tuple[Level, ...]
    offers: tuple[Level, ...]
    received_us: int
    provider_time_us: int

    @property
    def is_empty(self) -> bool:
        """Whether it has no level at all."""
        return not self.bids and not self.offers

    @property
    def is_crossed(self) -> bool:
        """Whether one could buy there below the price one could sell at."""
        return bool(self.bids and self.offers) and self.bids[0][0] >= self.offers[0][0]


class Levels:
    """Every level a provider told us, by its key."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._bids: dict[bytes, Level] = {}
        self._offers: dict[bytes, Level] = {}

    def replace(self, entries: Iterable[Entry]) -> None:
        """Takes a snapshot. Raises `Broken` or `BadValue`; the levels are then of no use."""
        self._bids.clear()
        self._offers.clear()
        for entry in entries:
            self.apply(entry)

    def apply(self, entry: Entry) -> None:
        """Takes one entry. Raises `Broken` or `BadValue`; the levels are then of no use."""
        action, kind, key, _symbol, price, size = entry
        if action == DELETE:
            self._delete(kind, key)
            return
        side = self._side(kind, key, action)
        if side is None:
            return  # A trade, an open, a high: nothing of the book.
        old = side.get(key)
        if old is None and action == CHANGE:
            raise Broken("unknown_entry")
        if len(side) >= _HELD_MAX and old is None:
            raise Broken("too_many_entries")
        # A change may leave out what stays the same.
        points = old[0] if old is not None and not price else self._points(side, price)
        side[key] = points, (old[1] if old is not None and not size else self._scale.quantity(size))

    def _points(self, side: dict[bytes, Level], price: bytes) -> int:
        return self._scale.bid_points(price) if side is self._bids else self._scale.offer_points(price)

    def _side(self, kind: bytes, key: bytes, action: bytes) -> dict[bytes, Level] | None:
        if kind == BID:
            return self._bids
        if kind == OFFER:
            return self._offers
        if not kind and action == CHANGE:
            return self._bids if key in self._bids else self._offers
        return None

    def _delete(self, kind: bytes, key: bytes) -> None:
        if kind not in (BID, OFFER, b""):
            return
        if kind != OFFER and self._bids.pop(key, None) is not None:
            return
        if kind != BID and self._offers.pop(key, None) is not None:
            return
        raise Broken("unknown_entry")

    def bids(self) -> tuple[Level, ...]:
        """The best bids, highest first."""
        return _best(sorted(self._bids.values(), reverse=True))

    def offers(self) -> tuple[Level, ...]:
        """The best offers, lowest first."""
        return _best(sorted(self._offers.values()))


def _best(levels: list[Level]) -> tuple[Level, ...]:
    best: list[Level] = []
    for points, quantity in levels:
        if not quantity:
            continue  # Less than a hundredth of a lot: nothing we could trade.
        if best and best[-1][0] == points:
            best[-1] = points, best[-1][1] + quantity
        elif len(best) == LEVELS_MAX:
            break
        else:
            best.append((points, quantity))
    return tuple(best)
