"""Orders and their fills."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from services.kernel.ids import AccountId, ClientOrderId, FillId, OrderId, PositionId
from services.kernel.money import Price, Quantity, Side


class OrderType(IntEnum):
    """How an order is to be executed; the numbers are those of the contracts."""

    MARKET = 1


class OrderState(IntEnum):
    """Where an order is in its life; the numbers are those of the contracts."""

    ACCEPTED = 1
    FILLED = 2
    REJECTED = 3


class RejectReason(IntEnum):
    """Why an order was refused; the numbers are those of the contracts."""

    NONE = 0
    MARGIN_INSUFFICIENT = 1
    PRICE_UNAVAILABLE = 2
    INSTRUMENT_DISABLED = 3
    POSITION_NOT_OPEN = 4
    NO_ROUTE = 5
    RATE_UNAVAILABLE = 6


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands. `position_id` is set for an order that closes that position."""

    order_id: OrderId
    account_id: AccountId
    client_order_id: ClientOrderId
    request_hash: bytes
    symbol: str
    side: Side
    type: OrderType
    quantity: Quantity
    filled_quantity: Quantity
    average_price: Price | None
    state: OrderState
    reject_reason: RejectReason
    position_id: PositionId | None
    submitted_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of an order. `conversion_rate` is from the quote currency to the account's."""

    fill_id: FillId
    order_id: OrderId
    account_id: AccountId
    position_id: PositionId
    symbol: str
    side: Side
    quantity: Quantity
    price: Price
    realized_pnl: Decimal
    conversion_rate: Decimal
    quote_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """The book that takes the other side, and the rule that chose it."""

    book: str
    rule_id: str
    rule_version: int


@dataclass(frozen=True, slots=True)
class Execution:
    """The whole quantity was executed at one price."""

    price: Price
    quote_id: str
    quote_age_us: int
    route: Route


Verdict = Execution | RejectReason
