"""One market order against one quote: filled whole at it, or refused."""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from services.kernel.money import Price, Side, price_from_points


class Reason(IntEnum):
    """Why an order is refused; the numbers are those of the contracts."""

    PRICE_UNAVAILABLE = 2
    INSTRUMENT_DISABLED = 3


@dataclass(frozen=True, slots=True)
class Conditions:
    """On what conditions an instrument is traded."""

    tradable: bool
    quote_age_us_max: int


class Quote(NamedTuple):
    """The best price of a symbol. Prices in points; a side with quantity 0 is empty."""

    quote_id: str
    digits: int
    bid_points: int
    bid_quantity: int
    ask_points: int
    ask_quantity: int
    received_us: int  # when its newest price was received, on the monotonic clock


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill of the whole quantity."""

    price: Price
    quote_id: str
    quote_age_us: int


def execute(conditions: Conditions | None, quote: Quote | None, side: Side, now_us: int) -> Execution | Reason:
    """Fills a market order at the quote, or says why not.

    An instrument that is not known here may just have been listed: that is a price that is not there yet.
    """
    if conditions is None:
        return Reason.PRICE_UNAVAILABLE
    if not conditions.tradable:
        return Reason.INSTRUMENT_DISABLED
    if quote is None:
        return Reason.PRICE_UNAVAILABLE
    age_us = max(0, now_us - quote.received_us)
    price = _price(quote, side)
    if price is None or age_us > conditions.quote_age_us_max:
        return Reason.PRICE_UNAVAILABLE
    return Execution(Price(price), quote.quote_id, age_us)


def _price(quote: Quote, side: Side) -> Decimal | None:
    points, quantity = (
        (quote.ask_points, quote.ask_quantity) if side is Side.BUY else (quote.bid_points, quote.bid_quantity)
    )
    return price_from_points(points, quote.digits) if points > 0 and quantity > 0 else None
