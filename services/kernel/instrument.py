"""What can be traded."""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from services.kernel.errors import EngineError, Kind
from services.kernel.money import Quantity, text


class MarginMode(IntEnum):
    """How margin is computed; the numbers are those of the contracts."""

    FOREX = 1
    CFD = 2


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument and its trading conditions. Quantities are in lots; `margin_rate` is a part of 1."""

    symbol: str
    base_currency: str
    quote_currency: str
    digits: int
    contract_size: Decimal
    min_quantity: Quantity
    max_quantity: Quantity
    quantity_step: Quantity
    margin_mode: MarginMode
    margin_rate: Decimal
    quote_age_ms_max: int
    tradable: bool
    version: int


def check_quantity(instrument: Instrument, quantity: Quantity) -> None:
    """Refuses a quantity that the instrument is not traded in."""
    lowest, highest = instrument.min_quantity, instrument.max_quantity
    if not lowest <= quantity <= highest:
        raise EngineError(
            Kind.INVALID,
            "QUANTITY_OUT_OF_RANGE",
            f"quantity must be {text(lowest.value)} to {text(highest.value)} lots, was {text(quantity.value)}",
            field="quantity",
            minQuantity=text(lowest.value),
            maxQuantity=text(highest.value),
        )
    check_step(instrument, quantity)


def check_step(instrument: Instrument, quantity: Quantity) -> None:
    """Refuses a quantity that is not a whole multiple of the instrument's step."""
    step = instrument.quantity_step.value
    if quantity.value % step:
        raise EngineError(
            Kind.INVALID,
            "QUANTITY_STEP",
            f"quantity must be a multiple of {text(step)} lots, was {text(quantity.value)}",
            field="quantity",
            quantityStep=text(step),
        )
