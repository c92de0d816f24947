"""Numbers of trading: exact, typed, rounded in one place.

Rounding policy: every figure that is booked or shown is rounded once, to the currency's minor unit, half away from
zero; sums are of rounded figures (as in the worked examples that brokers publish).
"""

import decimal
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from services.kernel.errors import EngineError, Kind

PRECISION = 34

CONTEXT = decimal.Context(
    prec=PRECISION,
    rounding=decimal.ROUND_HALF_UP,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
# New threads copy DefaultContext; this thread has its own already.
decimal.DefaultContext.prec = CONTEXT.prec
decimal.DefaultContext.rounding = CONTEXT.rounding
decimal.setcontext(CONTEXT)

ZERO = Decimal(0)

_PLAIN = re.compile(r"[+-]?[0-9]{1,40}([.][0-9]{1,40})?")
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "HUF": 2, "KWD": 3, "BHD": 3, "BTC": 8, "ETH": 8}
_QUANTA = {digits: Decimal(1).scaleb(-digits) for digits in range(0, 19)}


class Side(IntEnum):
    """Which way: the numbers are those of the contracts."""

    BUY = 1
    SELL = 2

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


@dataclass(frozen=True, slots=True, order=True)
class Price:
    """What one unit of the base costs, in the quote currency. Above zero."""

    value: Decimal

    def __post_init__(self) -> None:
        if not self.value.is_finite() or self.value <= 0:
            raise ValueError(f"a price must be above zero, was {self.value}")


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """How much, in lots. Zero or more: the side says which way."""

    value: Decimal

    def __post_init__(self) -> None:
        if not self.value.is_finite() or self.value < 0:
            raise ValueError(f"a quantity must be zero or more, was {self.value}")

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.value + other.value)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.value - other.value)

    def __bool__(self) -> bool:
        return bool(self.value)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency. Adding two currencies is a mistake and raises."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError(f"an amount must be finite, was {self.amount}")

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} can't be added")


def minor_digits(currency: str) -> int:
    """How many digits after the point the currency's smallest coin has (ISO 4217; crypto assets: 8)."""
    return _MINOR_DIGITS.get(currency, 2)


def quantise(amount: Decimal, currency: str) -> Decimal:
    """Rounds to the currency's minor unit, half away from zero: the one rounding of booked and shown figures."""
    return amount.quantize(_QUANTA[minor_digits(currency)], rounding=decimal.ROUND_HALF_UP)


def round_to(value: Decimal, digits: int) -> Decimal:
    """Rounds to `digits` after the point, half away from zero."""
    return value.quantize(_QUANTA[digits], rounding=decimal.ROUND_HALF_UP)


def price_from_points(points: int, digits: int) -> Decimal:
    """The price that `points` stand for: points × 10^-digits."""
    return Decimal(points).scaleb(-digits)


def text(value: Decimal) -> str:
    """The decimal as contracts carry it: digits and a point, never an exponent."""
    return format(value, "f")


def parse_decimal(field: str, value: str) -> Decimal:
    """Reads a decimal in plain digits, or says which field is wrong. An exponent would hide how long a number is."""
    if not _PLAIN.fullmatch(value):
        raise EngineError(
            Kind.INVALID, "DECIMAL_INVALID", f"{field} must be a decimal number, was {value[:64]!r}", field=field
        )
    return Decimal(value)
