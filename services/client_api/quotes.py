"""The newest quote of every symbol, and whether it may still be shown."""

from collections.abc import Callable, Iterable

from tradeloom.client.v1 import market_pb2
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb

from services.client_api.convert import quote_to_pb, unpriced
from services.kernel.clock import Monotonic
from services.kit.newest import Broadcast

US_PER_S = 1_000_000

Limit = Callable[[str], int]


class Standing:
    """A quote as it was received. Made into what the client sees once, when the first client wants to see it."""

    __slots__ = ("_priced", "_received_at", "expired", "raw")

    def __init__(self, raw: lp_pb.Quote, received_at: float, *, expired: bool = False) -> None:
        self.raw = raw
        self.expired = expired
        self._received_at = received_at
        self._priced: market_pb2.Quote | None = None

    def is_older(self, age_us_max: int, now: float) -> bool:
        """Whether more time has passed since its providers were heard."""
        return self.raw.age_us + (now - self._received_at) * US_PER_S > age_us_max

    def as_expired(self) -> "Standing":
        """The same quote, no longer a price."""
        return Standing(self.raw, self._received_at, expired=True)

    def shown(self, age_us_max: int, now: float) -> market_pb2.Quote:
        """What a client may see of it."""
        if self.expired or self.is_older(age_us_max, now):
            return unpriced(self.raw)
        if self._priced is None:
            self._priced = quote_to_pb(self.raw)
        return self._priced


class QuoteTable:
    """Takes in the feed and shows it. `age_us_max` says how old a quote of a symbol may be."""

    def __init__(self, age_us_max: Limit, clock: Monotonic) -> None:
        self.changes: Broadcast[str, Standing] = Broadcast()
        self._age_us_max = age_us_max
        self._clock = clock

    def take(self, message: lp_pb.WatchQuotesResponse) -> None:
        """Takes in some quotes; a heartbeat has none."""
        now = self._clock()
        for quote in message.quotes:
            self.changes.publish(quote.symbol, Standing(quote, now))

    def lose(self) -> None:
        """The feed is lost: no quote is a price until it is heard again."""
        for symbol, standing in list(self.changes.last.items()):
            if not standing.expired:
                self.changes.publish(symbol, standing.as_expired())

    def expire(self) -> None:
        """Tells the watchers of quotes that have become too old without a change."""
        now = self._clock()
        for symbol, standing in list(self.changes.last.items()):
            if not standing.expired and standing.is_older(self._age_us_max(symbol), now):
                self.changes.publish(symbol, standing.as_expired())

    def show(self, standings: Iterable[Standing]) -> list[market_pb2.Quote]:
        """What a client may see of these quotes at the moment."""
        now = self._clock()
        return [standing.shown(self._age_us_max(standing.raw.symbol), now) for standing in standings]

    def snapshot(self, symbols: Iterable[str]) -> list[market_pb2.Quote]:
        """The quotes of the symbols at the moment; those that were never quoted have a name only."""
        last = self.changes.last
        never = Standing(lp_pb.Quote(), 0, expired=True)
        known = [(symbol, last.get(symbol, never)) for symbol in symbols]
        shown = self.show(standing for _, standing in known)
        return [
            market_pb2.Quote(symbol=symbol) if standing is never else quote
            for (symbol, standing), quote in zip(known, shown, strict=True)
        ]
