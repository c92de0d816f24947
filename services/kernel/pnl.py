"""Profit and loss."""

from decimal import Decimal

from services.kernel.instrument import Instrument
from services.kernel.money import Price, Quantity, Side


def profit(instrument: Instrument, side: Side, quantity: Quantity, opened: Price, closed: Price) -> Decimal:
    """The profit of a position in the quote currency, exact; negative for a loss.

    `(close - open) × contract size × lots` for a long position, the negative for a short one (MetaTrader 5's formula).
    """
    return side.sign * (closed.value - opened.value) * instrument.contract_size * quantity.value


def total_profit(instrument: Instrument, side: Side, quantity: Decimal, cost: Decimal, price: Decimal) -> Decimal:
    """The profit at `price` of positions of one side together, in the quote currency, exact.

    `quantity` is their sum in lots and `cost` is Σ quantity × opening price.
    """
    return side.sign * (price * quantity - cost) * instrument.contract_size


def average_price(quantity: Quantity, price: Price, added: Quantity, added_price: Price) -> Price:
    """The volume-weighted opening price after `added` joined at `added_price`. Not rounded."""
    total = quantity.value + added.value
    return Price((quantity.value * price.value + added.value * added_price.value) / total)
