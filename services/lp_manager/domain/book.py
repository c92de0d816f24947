"""The book of one symbol: what each provider offers, and the best of it."""

from dataclasses import dataclass
from typing import NamedTuple

# A crossed book is shown this far apart, in points.
SPREAD_MIN = 1


class ProviderBook(NamedTuple):
    """What one provider offers, best first. Without levels it offers nothing."""

    bid_points: list[int]
    bid_quantities: list[int]
    ask_points: list[int]
    ask_quantities: list[int]
    received_us: int  # on the monotonic clock
    provider_time_us: int


class Best(NamedTuple):
    """The best price of each side; quantity 0 and no provider where a side is empty."""

    bid_points: int
    bid_quantity: int
    bid_provider: str
    ask_points: int
    ask_quantity: int
    ask_provider: str
    received_us: int  # when the newest price in it was received
    provider_time_us: int  # when its provider made it


NOTHING = Best(0, 0, "", 0, 0, "", 0, 0)


@dataclass(frozen=True, slots=True)
class Quote:
    """The best price of one symbol, numbered."""

    symbol: str
    digits: int
    sequence: int
    best: Best


class Level(NamedTuple):
    """One provider's quantity at one price."""

    points: int
    quantity: int
    provider: str


@dataclass(frozen=True, slots=True)
class Depth:
    """All levels of all providers, best first; those of one price in the order in which the providers joined."""

    bids: list[Level]
    asks: list[Level]


def flaw(book: ProviderBook) -> str | None:
    """What makes a provider's book unusable, as a word for the counter; None when nothing does."""
    bids, asks = book.bid_points, book.ask_points
    if len(bids) != len(book.bid_quantities) or len(asks) != len(book.ask_quantities):
        return "uneven"
    if (bids and min(bids) <= 0) or (asks and min(asks) <= 0):
        return "price"
    if (bids and min(book.bid_quantities) <= 0) or (asks and min(book.ask_quantities) <= 0):
        return "quantity"
    if (bids and max(bids) != bids[0]) or (asks and min(asks) != asks[0]):
        return "unsorted"
    if bids and asks and bids[0] > asks[0]:
        return "crossed"
    return None


class SymbolBook:
    """The providers' books of one symbol. The best price is found when it is asked for, not with each change."""

    def __init__(self) -> None:
        self._books: dict[str, ProviderBook] = {}
        self._best = NOTHING
        self._sequence = 1
        self._changed = False

    def replace(self, provider: str, book: ProviderBook) -> None:
        """Takes what a provider now offers; a book without levels withdraws it."""
        if book.bid_points or book.ask_points:
            self._books[provider] = book
            self._changed = True
        else:
            self.withdraw(provider)

    def withdraw(self, provider: str) -> bool:
        """Takes the provider out; tells whether it was in."""
        withdrawn = self._books.pop(provider, None) is not None
        self._changed |= withdrawn
        return withdrawn

    def withdraw_all(self) -> bool:
        """Takes every provider out; tells whether any was in."""
        withdrawn = bool(self._books)
        self._books.clear()
        self._changed |= withdrawn
        return withdrawn

    def expire(self, received_before_us: int) -> list[str]:
        """Takes out and names the providers that were last heard at that moment or before."""
        silent = [name for name, book in self._books.items() if book.received_us <= received_before_us]
        for provider in silent:
            self.withdraw(provider)
        return silent

    def last_heard_us(self) -> int | None:
        """When the provider that has been silent longest was heard; None without providers."""
        return min((book.received_us for book in self._books.values()), default=None)

    def best(self) -> tuple[int, Best]:
        """The best price and its sequence, which grows when a price in it changed or was confirmed."""
        if self._changed:
            self._changed = False
            best = _uncrossed(_best_of(self._books))
            if best != self._best:
                self._best = best
                self._sequence += 1
        return self._sequence, self._best

    def depth(self) -> Depth:
        """All levels, best first. Providers may cross each other here."""
        bids, asks = [], []
        for provider, book in self._books.items():
            bids += [Level(p, q, provider) for p, q in zip(book.bid_points, book.bid_quantities, strict=True)]
            asks += [Level(p, q, provider) for p, q in zip(book.ask_points, book.ask_quantities, strict=True)]
        return Depth(sorted(bids, key=lambda level: -level.points), sorted(asks, key=lambda level: level.points))


def _best_of(books: dict[str, ProviderBook]) -> Best:
    bid = bid_quantity = ask = ask_quantity = 0
    bid_provider = ask_provider = ""
    bid_times = ask_times = (0, 0)
    for provider, (bids, bid_quantities, asks, ask_quantities, *times) in books.items():
        moment = (times[0], times[1])
        if bids:
            if bids[0] > bid:
                bid, bid_quantity, bid_provider, bid_times = bids[0], bid_quantities[0], provider, moment
            elif bids[0] == bid:
                bid_quantity += bid_quantities[0]
                bid_times = max(bid_times, moment)
        if asks:
            if not ask or asks[0] < ask:
                ask, ask_quantity, ask_provider, ask_times = asks[0], ask_quantities[0], provider, moment
            elif asks[0] == ask:
                ask_quantity += ask_quantities[0]
                ask_times = max(ask_times, moment)
    return Best(bid, bid_quantity, bid_provider, ask, ask_quantity, ask_provider, *max(bid_times, ask_times))


def _uncrossed(best: Best) -> Best:
    """The best price with both sides moved to the middle if they cross or touch; the half point goes downwards."""
    if not best.bid_quantity or not best.ask_quantity or best.bid_points < best.ask_points:
        return best
    bid = max(1, (best.bid_points + best.ask_points - SPREAD_MIN) // 2)
    return best._replace(bid_points=bid, ask_points=bid + SPREAD_MIN)
