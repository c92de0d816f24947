"""The quotes that stand, each encoded once a change, when the first client wants it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from services.kernel.clock import from_us

US_PER_S = 1_000_000
AGE_US_MAX = 5 * US_PER_S


@dataclass(frozen=True, slots=True)
class Quote:
    """The best price of a symbol, as it came: prices in points, quantities in hundredths of a lot (0: no such side)."""

    symbol: str
    digits: int
    bid_points: int
    ask_points: int
    bid_quantity: int
    ask_quantity: int
    epoch: int
    sequence: int
    provider_time_us: int
    received_us: int


class Standing:
    """What stands for one symbol. `version` is the board's version at its last change."""

    __slots__ = ("_piece", "priced", "quote", "symbol", "version")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.quote: Quote | None = None
        self.priced = False
        self.version = 0
        self._piece = b""

    @property
    def piece(self) -> bytes:
        """The JSON of the quote, as of `tradeloom.client.v1.Quote`."""
        if not self._piece:
            self._piece = _encoded(self.symbol, self.quote, self.priced)
        return self._piece

    def change(self, quote: Quote | None, *, priced: bool, version: int) -> None:
        """Puts another quote, or the same one without its prices."""
        self.quote = quote
        self.priced = priced
        self.version = version
        self._piece = b""


class QuoteBoard:
    """The newest quote of each symbol. Times are microseconds on a clock that never jumps."""

    def __init__(self) -> None:
        self.version = 0
        self._standing: dict[str, Standing] = {}
        self._ages_us: dict[str, int] = {}

    def know(self, ages_us_max: Mapping[str, int]) -> None:
        """Sets which symbols there are, and how old their quotes may be."""
        self._ages_us = dict(ages_us_max)

    def unknown(self, symbols: Iterable[str]) -> list[str]:
        """Those that are no symbols."""
        return [symbol for symbol in symbols if symbol not in self._ages_us]

    @property
    def ready(self) -> bool:
        """Whether it is known which symbols there are."""
        return bool(self._ages_us)

    def standing(self, symbol: str) -> Standing:
        """What stands for the symbol; it lives as long as the board."""
        found = self._standing.get(symbol)
        if found is None:
            found = self._standing[symbol] = Standing(symbol)
        return found

    def take(self, quotes: Iterable[Quote], now_us: int) -> list[str]:
        """Takes in quotes; returns the symbols whose quote changed. The same quote again is fresh again, no change."""
        changed = []
        for quote in quotes:
            standing = self.standing(quote.symbol)
            priced = not self._too_old(quote, now_us)
            if priced == standing.priced and _same(standing.quote, quote):
                standing.quote = quote
                continue
            self._change(standing, quote, priced=priced)
            changed.append(quote.symbol)
        return changed

    def expire(self, now_us: int) -> list[str]:
        """Withdraws the prices that have become too old; returns their symbols."""
        old = [s for s in self._standing.values() if s.priced and s.quote and self._too_old(s.quote, now_us)]
        return self._withdraw(old)

    def withdraw_all(self) -> list[str]:
        """Withdraws all prices, for their source was lost; returns their symbols."""
        return self._withdraw([standing for standing in self._standing.values() if standing.priced])

    def _withdraw(self, standings: list[Standing]) -> list[str]:
        for standing in standings:
            self._change(standing, standing.quote, priced=False)
        return [standing.symbol for standing in standings]

    def _change(self, standing: Standing, quote: Quote | None, *, priced: bool) -> None:
        self.version += 1
        standing.change(quote, priced=priced, version=self.version)

    def _too_old(self, quote: Quote, now_us: int) -> bool:
        return now_us - quote.received_us > self._ages_us.get(quote.symbol, AGE_US_MAX)


def _same(known: Quote | None, quote: Quote) -> bool:
    return known is not None and known.sequence == quote.sequence and known.epoch == quote.epoch


def _encoded(symbol: str, quote: Quote | None, priced: bool) -> bytes:
    name = msgspec.json.encode(symbol).decode()
    if quote is None:
        return f'{{"symbol":{name},"quote_id":""}}'.encode()
    sides = _side("bid", quote.bid_points, quote) if priced and quote.bid_quantity else ""
    sides += _side("ask", quote.ask_points, quote) if priced and quote.ask_quantity else ""
    sides += _size("bid", quote.bid_quantity) if priced and quote.bid_quantity else ""
    sides += _size("ask", quote.ask_quantity) if priced and quote.ask_quantity else ""
    moment = f'"provider_time":"{time_text(quote.provider_time_us)}","quote_id":"{quote.epoch}-{quote.sequence}"'
    return f'{{"symbol":{name},{sides}{moment}}}'.encode()


def _side(name: str, points: int, quote: Quote) -> str:
    return f'"{name}":"{decimal_text(points, quote.digits)}",'


def _size(name: str, hundredths: int) -> str:
    return f'"{name}_quantity":"{decimal_text(hundredths, 2)}",'


def decimal_text(points: int, digits: int) -> str:
    """points × 10^-digits, exact, with all digits."""
    if not digits:
        return str(points)
    figures = str(abs(points)).rjust(digits + 1, "0")
    return f"{'-' if points < 0 else ''}{figures[:-digits]}.{figures[-digits:]}"


def time_text(us: int) -> str:
    """The moment as protobuf's JSON has it: as many groups of three digits as it needs."""
    fraction = us % US_PER_S
    spec = "seconds" if not fraction else "microseconds" if fraction % 1_000 else "milliseconds"
    return from_us(us).isoformat(timespec=spec).removesuffix("+00:00") + "Z"
