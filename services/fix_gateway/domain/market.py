"""What one provider quotes: which symbols are subscribed, which books stand, which must be asked for again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.fix_gateway.domain.book import Book, Broken, Levels
from services.fix_gateway.domain.parse import Entry, Malformed, MarketData, parse
from services.fix_gateway.domain.scale import BadValue, Scale

RETRY_US = 1_000_000
ANSWER_US = 5_000_000
REJECTED_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol as a provider knows it."""

    symbol: str
    provider_symbol: str
    scale: Scale


@dataclass(frozen=True, slots=True)
class Request:
    """Subscribes a symbol (263=1) under `request_id`, and ends the subscription before it, if there is one."""

    provider_symbol: str
    request_id: str
    ended_request_id: str = ""


@dataclass(slots=True)
class _Line:
    """One symbol. It has levels only from its snapshot on, until something is wrong."""

    listing: Listing
    levels: Levels | None = None
    request_id: str = ""
    due_us: int = 0
    """When to subscribe, if there are no levels then."""
    shown: bool = False
    crossed: bool = False
    changed_us: int = 0
    sent_us: int = 0


@dataclass(slots=True)
class Market:
    """The books of one provider. Moments are monotonic microseconds, given by the caller."""

    provider: str
    refused: Counter[str] = field(default_factory=Counter)
    """Messages and entries that could not be used, by reason."""
    _lines: dict[bytes, _Line] = field(default_factory=dict)
    _changed: dict[bytes, _Line] = field(default_factory=dict)
    _request_count: int = 0

    def relist(self, listings: Iterable[Listing], now_us: int) -> None:
        """Replaces the symbols. Every book is withdrawn; `requests` then asks for the new ones."""
        self.withdraw(now_us)
        ended = {line.listing.symbol: line.request_id for line in self._lines.values()}
        self._lines = {
            listing.provider_symbol.encode(): _Line(listing, request_id=ended.get(listing.symbol, ""), due_us=now_us)
            for listing in listings
        }

    def open(self, now_us: int) -> None:
        """The session is up: everything is to be subscribed, and nothing is yet."""
        for line in self._lines.values():
            line.request_id, line.due_us = "", now_us

    def withdraw(self, now_us: int) -> None:
        """Nothing that the provider said holds any more."""
        for mark, line in self._lines.items():
            self._drop(mark, line, now_us)

    def _drop(self, mark: bytes, line: _Line, now_us: int) -> None:
        if line.levels is not None:
            line.levels = None
            # At once if the last subscription is long ago, but never in a tight loop with a broken provider.
            line.due_us = max(now_us, line.due_us)
        line.crossed = False
        line.changed_us = now_us
        self._changed[mark] = line

    def requests(self, now_us: int) -> list[Request]:
        """The subscriptions that are due."""
        due = [line for line in self._lines.values() if line.levels is None and line.due_us <= now_us]
        return [self._request(line, now_us) for line in due]

    def _request(self, line: _Line, now_us: int) -> Request:
        self._request_count += 1
        ended, line.request_id = line.request_id, f"{line.listing.symbol}.{self._request_count}"
        # Some providers take a subscription and then say nothing: ask again.
        line.due_us = now_us + ANSWER_US
        return Request(line.listing.provider_symbol, line.request_id, ended)

    def rejected(self, request_id: bytes, now_us: int) -> str:
        """A subscription was rejected (Y); gives its symbol. It is tried again, but seldom."""
        self.refused["market_data_reject"] += 1
        for mark, line in self._lines.items():
            if line.request_id.encode() == request_id and request_id:
                self._drop(mark, line, now_us)
                line.request_id, line.due_us = "", now_us + REJECTED_US
                return line.listing.symbol
        return ""

    def lost(self, reason: str, now_us: int) -> None:
        """Some message was lost, and nobody knows of which symbol: every book is asked for again."""
        self.refused[reason] += 1
        self.withdraw(now_us)

    def receive(self, raw: bytes, received_us: int) -> str:
        """Takes a W or X message. Gives the reason if any of it could not be used, else nothing."""
        try:
            message = parse(raw)
        except Malformed as error:
            self.lost(str(error), received_us)
            return str(error)
        if message.possible_duplicate:
            self.withdraw(received_us)  # A price from before a gap is no price.
            return ""
        return self._snapshot(message, received_us) if message.is_snapshot else self._increment(message, received_us)

    def _snapshot(self, message: MarketData, received_us: int) -> str:
        line = self._lines.get(message.symbol)
        if line is None:
            return self._refuse("unknown_symbol")
        if message.request_id and message.request_id != line.request_id.encode():
            return ""  # The answer to a question that was asked again since.
        line.levels = Levels(line.listing.scale)
        line.due_us = received_us + RETRY_US
        try:
            line.levels.replace(message.entries)
        except (Broken, BadValue) as error:
            return self._break(message.symbol, line, str(error), received_us)
        self._touch(message.symbol, line, message.sent_us, received_us)
        return ""

    def _increment(self, message: MarketData, received_us: int) -> str:
        problem = ""
        touched: dict[bytes, _Line] = {}
        for entry in message.entries:
            line = self._lines.get(entry[3])
            if line is None:
                problem = self._refuse("unknown_symbol")
            elif line.levels is not None:  # Else a snapshot is on its way, and this is older.
                problem = self._apply(entry, line, line.levels, received_us) or problem
                touched[entry[3]] = line
        for mark, line in touched.items():
            if line.levels is not None:
                self._touch(mark, line, message.sent_us, received_us)
        return problem

    def _apply(self, entry: Entry, line: _Line, levels: Levels, received_us: int) -> str:
        try:
            levels.apply(entry)
        except (Broken, BadValue) as error:
            return self._break(entry[3], line, str(error), received_us)
        return ""

    def _break(self, mark: bytes, line: _Line, reason: str, now_us: int) -> str:
        self._drop(mark, line, now_us)
        return self._refuse(reason)

    def _refuse(self, reason: str) -> str:
        self.refused[reason] += 1
        return reason

    def _touch(self, mark: bytes, line: _Line, sent_us: int, received_us: int) -> None:
        line.changed_us, line.sent_us = received_us, sent_us
        self._changed[mark] = line

    def changes(self) -> list[Book]:
        """The books that changed since the last call, as they stand now."""
        changed, self._changed = self._changed, {}
        books: list[Book] = []
        for line in changed.values():
            book = self._book(line)
            # What was not shown need not be withdrawn.
            if line.shown or not book.is_empty:
                line.shown = not book.is_empty
                books.append(book)
        return books

    def _book(self, line: _Line) -> Book:
        levels = line.levels
        bids, offers = (levels.bids(), levels.offers()) if levels is not None else ((), ())
        book = Book(self.provider, line.listing.symbol, bids, offers, line.changed_us, line.sent_us)
        if not book.is_crossed:
            line.crossed = False
            return book
        if not line.crossed:
            line.crossed = True
            self.refused["crossed"] += 1
        return Book(self.provider, line.listing.symbol, (), (), line.changed_us, line.sent_us)


def same_symbols(one: Mapping[str, Listing], other: Mapping[str, Listing]) -> bool:
    """Whether two lists ask for the same symbols in the same units."""
    return one.keys() == other.keys() and all(_units(one[symbol]) == _units(other[symbol]) for symbol in one)


def _units(listing: Listing) -> tuple[object, ...]:
    scale = listing.scale
    return (
        listing.provider_symbol,
        scale.digits,
        scale.contract_size,
        scale.price_multiplier,
        scale.quantity_multiplier,
    )
