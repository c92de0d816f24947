"""The quotes as the aggregated book streams them, with their age by our own clock that never jumps."""

from collections.abc import Callable

from tradeloom.lp_manager.v1 import quote_service_pb2 as pb

from services.kernel.clock import Monotonic
from services.kernel.conversion import BidAsk
from services.kernel.money import price_from_points
from services.oms.domain.market import Market, Terms

MICROSECOND_S = 1e-6
MILLISECOND_S = 1e-3
LONG_AGO = float("-inf")


class Held:
    """The last quote of a symbol, and since when its price is known (monotonic seconds)."""

    __slots__ = ("_pair", "_quote", "known_at")

    def __init__(self, quote: pb.Quote, known_at: float) -> None:
        self._quote = quote
        self._pair: BidAsk | None = None
        self.known_at = known_at

    def pair(self) -> BidAsk | None:
        """Both prices; None while one side is missing."""
        quote = self._quote
        if self._pair is None and quote.bid_points > 0 and quote.ask_points > 0:
            digits = quote.digits
            self._pair = BidAsk(
                price_from_points(quote.bid_points, digits), price_from_points(quote.ask_points, digits)
            )
        return self._pair

    def name(self) -> str:
        """What names the quote in records."""
        return f"{self._quote.epoch}-{self._quote.sequence}"


class QuoteTable:
    """The last quote of each symbol; while the stream is lost, none of them is fresh."""

    def __init__(self, clock: Monotonic) -> None:
        self._clock = clock
        self._held: dict[str, Held] = {}

    def receive(self, message: pb.WatchQuotesResponse) -> None:
        """Takes the quotes of one message."""
        now = self._clock()
        for quote in message.quotes:
            self._held[quote.symbol] = Held(quote, now - quote.age_us * MICROSECOND_S)

    def lose(self) -> None:
        """The stream is gone: what we hold may be old, however new it was."""
        for held in self._held.values():
            held.known_at = LONG_AGO

    def market(self, terms: Terms) -> Market:
        """The market as it is now."""
        return Market(terms, self._fresh_at(self._clock(), terms), self._last, self._name)

    def _fresh_at(self, now: float, terms: Terms) -> Callable[[str], BidAsk | None]:
        def fresh(symbol: str) -> BidAsk | None:
            held, instrument = self._held.get(symbol), terms.instruments.get(symbol)
            if held is None or instrument is None:
                return None
            return held.pair() if now - held.known_at <= instrument.quote_age_ms_max * MILLISECOND_S else None

        return fresh

    def _last(self, symbol: str) -> BidAsk | None:
        held = self._held.get(symbol)
        return None if held is None else held.pair()

    def _name(self, symbol: str) -> str:
        held = self._held.get(symbol)
        return "" if held is None else held.name()
