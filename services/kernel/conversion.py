"""Conversion between currencies at live rates.

A gain is converted at the side at which the broker would sell the gained currency (the bid of a pair that has it as
base), a loss at the side at which it would buy (the ask). Where no pair joins the two, the cross goes through USD.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from services.kernel.instrument import Instrument

PIVOT = "USD"
ONE = Decimal(1)


class Flow(Enum):
    """Which way the money goes for the one whose figure is converted."""

    GAIN = "gain"
    LOSS = "loss"


@dataclass(frozen=True, slots=True)
class BidAsk:
    """Both sides of a price, decimals in the quote currency."""

    bid: Decimal
    ask: Decimal


Quotes = Callable[[str], BidAsk | None]
Pairs = Mapping[tuple[str, str], str]


def pairs_of(instruments: Iterable[Instrument]) -> Pairs:
    """The symbols that can convert, by (base, quote) currency: those whose one unit is one unit of a currency."""
    return {(i.base_currency, i.quote_currency): i.symbol for i in instruments if i.base_currency != i.symbol}


def conversion_rate(source: str, target: str, flow: Flow, pairs: Pairs, quotes: Quotes) -> Decimal | None:
    """How many units of `target` one unit of `source` is worth; None when no quote says.

    Not rounded beyond the context's precision.
    """
    if source == target:
        return ONE
    direct = _pair_rate(source, target, flow, pairs, quotes)
    if direct is not None or PIVOT in (source, target):
        return direct
    to_pivot = _pair_rate(source, PIVOT, flow, pairs, quotes)
    from_pivot = _pair_rate(PIVOT, target, flow, pairs, quotes)
    return None if to_pivot is None or from_pivot is None else to_pivot * from_pivot


def symbols_needed(source: str, target: str, pairs: Pairs) -> tuple[str, ...]:
    """The symbols whose quotes `conversion_rate` would use."""
    if source == target:
        return ()
    direct = pairs.get((source, target)) or pairs.get((target, source))
    if direct or PIVOT in (source, target):
        return (direct,) if direct else ()
    return symbols_needed(source, PIVOT, pairs) + symbols_needed(PIVOT, target, pairs)


def _pair_rate(source: str, target: str, flow: Flow, pairs: Pairs, quotes: Quotes) -> Decimal | None:
    symbol = pairs.get((source, target))
    if symbol is not None:
        quote = quotes(symbol)
        return None if quote is None else (quote.bid if flow is Flow.GAIN else quote.ask)
    symbol = pairs.get((target, source))
    quote = None if symbol is None else quotes(symbol)
    if quote is None:
        return None
    return ONE / (quote.ask if flow is Flow.GAIN else quote.bid)
