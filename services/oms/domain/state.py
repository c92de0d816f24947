"""An account as it stands: what deciding about it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from services.kernel.ids import AccountId, PositionId, UserId
from services.kernel.money import ZERO, Price, Quantity, Side


class PositionMode(IntEnum):
    """Whether opposite trades of one symbol stand side by side; the numbers are those of the contracts."""

    HEDGING = 1
    NETTING = 2


@dataclass(frozen=True, slots=True)
class Account:
    """A trading account: what never changes."""

    account_id: AccountId
    tenant: str
    user_id: UserId
    number: str
    currency: str
    mode: PositionMode
    group: str
    opened_at: datetime

    def same_as(self, other: "Account") -> bool:
        """Whether both were asked for in the same words."""
        return self._asked() == other._asked()

    def _asked(self) -> tuple[object, ...]:
        return (self.account_id, self.tenant, self.user_id, self.number, self.currency, self.mode, self.group)


@dataclass(frozen=True, slots=True)
class Position:
    """An open position; with a quantity of zero one that was just closed."""

    position_id: PositionId
    symbol: str
    side: Side
    quantity: Quantity
    open_price: Price
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Exposure:
    """All positions of one symbol, summed a side: quantities in lots, costs as Σ quantity × opening price.

    Deciding works on these sums, so its cost doesn't grow with the number of positions.
    """

    long_quantity: Decimal = ZERO
    long_cost: Decimal = ZERO
    short_quantity: Decimal = ZERO
    short_cost: Decimal = ZERO

    def plus(self, position: Position, sign: int = 1) -> "Exposure":
        """With the position added, or taken away for a `sign` of -1."""
        quantity = position.quantity.value * sign
        cost = quantity * position.open_price.value
        if position.side is Side.BUY:
            return Exposure(self.long_quantity + quantity, self.long_cost + cost, self.short_quantity, self.short_cost)
        return Exposure(self.long_quantity, self.long_cost, self.short_quantity + quantity, self.short_cost + cost)

    def __bool__(self) -> bool:
        return bool(self.long_quantity or self.short_quantity)


FLAT = Exposure()


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account, its money and its open positions, oldest first, after the change number `sequence`."""

    account: Account
    balance: Decimal
    positions: Mapping[PositionId, Position]
    exposures: Mapping[str, Exposure]
    sequence: int
    last_at: datetime

    def position_of(self, symbol: str) -> Position | None:
        """The position of a symbol of a netting account."""
        return next((p for p in self.positions.values() if p.symbol == symbol), None)


def exposures_of(positions: Mapping[PositionId, Position]) -> dict[str, Exposure]:
    """The exposures that the positions add up to."""
    exposures: dict[str, Exposure] = {}
    for position in positions.values():
        exposures[position.symbol] = exposures.get(position.symbol, FLAT).plus(position)
    return exposures
