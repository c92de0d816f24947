"""Margin: what open positions must hold.

Formulas of MetaTrader 5's help: FOREX `lots × contract × rate`, in the base currency and without the price; CFD
`lots × contract × price × rate`, in the quote currency. `rate` is a part of 1 (ESMA sets percentages: 0.0333, not
1/30).
Opposite positions of one symbol hold the margin of the larger leg.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.kernel.instrument import Instrument, MarginMode
from services.kernel.money import ZERO, Price, Quantity, Side


@dataclass(frozen=True, slots=True)
class Leg:
    """An open quantity of one symbol on one side, at its opening price."""

    side: Side
    quantity: Quantity
    price: Price


def effective_rate(instrument: Instrument, max_leverage: int) -> Decimal:
    """The instrument's margin rate, but never below what the group's leverage allows."""
    return max(instrument.margin_rate, 1 / Decimal(max_leverage))


def margin_currency(instrument: Instrument) -> str:
    """The currency that the margin comes out in, before conversion."""
    return instrument.base_currency if instrument.margin_mode is MarginMode.FOREX else instrument.quote_currency


def leg_margin(instrument: Instrument, rate: Decimal, quantity: Quantity, price: Price) -> Decimal:
    """The margin of one quantity, in `margin_currency`, not rounded."""
    return total_margin(instrument, rate, quantity.value, quantity.value * price.value)


def total_margin(instrument: Instrument, rate: Decimal, quantity: Decimal, cost: Decimal) -> Decimal:
    """The margin of quantities of one side together, in `margin_currency`, not rounded.

    `quantity` is their sum in lots and `cost` is Σ quantity × opening price.
    """
    return (cost if instrument.margin_mode is MarginMode.CFD else quantity) * instrument.contract_size * rate


def symbol_margin(instrument: Instrument, rate: Decimal, legs: Iterable[Leg]) -> Decimal:
    """The margin of all legs of one symbol, netted or hedged: the larger side's, in `margin_currency`, not rounded."""
    sides = {Side.BUY: ZERO, Side.SELL: ZERO}
    for leg in legs:
        sides[leg.side] += leg_margin(instrument, rate, leg.quantity, leg.price)
    return max(sides.values())
