"""Use cases of lp_manager."""

from services.kernel.errors import EngineError, Kind
from services.lp_manager.domain.book import Depth, ProviderBook, Quote, SymbolBook, flaw
from services.lp_manager.ports import Listener


class Market:
    """The books of all symbols. Moments are microseconds on the monotonic clock."""

    def __init__(self, listener: Listener, provider_stale_us: int) -> None:
        self._listener = listener
        self._stale_us = provider_stale_us
        self._books: dict[str, SymbolBook] = {}
        self._digits: dict[str, int] = {}
        self._quotes: dict[str, Quote] = {}

    def list_symbols(self, digits: dict[str, int]) -> None:
        """Adds the symbols that are new. One that is there keeps its digits: its prices are in points of them."""
        for symbol in sorted(digits.keys() - self._books.keys()):
            self._books[symbol] = SymbolBook()
            self._digits[symbol] = digits[symbol]
            self._listener.changed(symbol)

    def take(self, provider: str, symbol: str, book: ProviderBook, now_us: int) -> None:
        """Takes what a provider now offers. One that is unusable or too old withdraws the provider from the symbol."""
        books = self._books.get(symbol)
        if books is None:
            self._listener.refused(provider, "symbol")
            return
        wrong = flaw(book)
        if wrong is not None:
            self._listener.refused(provider, wrong)
            books.withdraw(provider)
        elif book.received_us <= now_us - self._stale_us:
            books.withdraw(provider)
        else:
            books.replace(provider, book)
        self._listener.changed(symbol)

    def withdraw_all(self) -> None:
        """Empties every book: the providers can't be heard."""
        for symbol, books in self._books.items():
            if books.withdraw_all():
                self._listener.changed(symbol)

    def expire(self, now_us: int) -> None:
        """Takes out the providers that have been silent on a symbol for too long."""
        for symbol, books in self._books.items():
            for provider in books.expire(now_us - self._stale_us):
                self._listener.expired(provider, symbol)
                self._listener.changed(symbol)

    def next_expiry_us(self) -> int | None:
        """When, as things stand, the next provider will have been silent for too long; None without providers."""
        heard = [at for books in self._books.values() if (at := books.last_heard_us()) is not None]
        return min(heard) + self._stale_us if heard else None

    def quote(self, symbol: str) -> Quote:
        """The quote that stands."""
        sequence, best = self._book(symbol).best()
        known = self._quotes.get(symbol)
        if known is None or known.sequence != sequence:  # Every reader asks for it.
            known = self._quotes[symbol] = Quote(symbol, self._digits[symbol], sequence, best)
        return known

    def depth(self, symbol: str) -> tuple[int, Depth]:
        """The digits of the prices, and all levels."""
        return self._digits.get(symbol, 0), self._book(symbol).depth()

    def _book(self, symbol: str) -> SymbolBook:
        book = self._books.get(symbol)
        if book is None:
            raise EngineError(Kind.NOT_FOUND, "SYMBOL_UNKNOWN", f"there is no symbol {symbol}", symbol=symbol)
        return book
