"""What happened to an account. Each event is one entry of its journal; `apply` is the only thing that changes state."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from services.kernel.ids import FillId
from services.oms.domain.ledger import LedgerEntry, Posting
from services.oms.domain.orders import Fill, Order, Route
from services.oms.domain.state import FLAT, Account, AccountState, Position


@dataclass(frozen=True, slots=True)
class AccountOpened:
    """The account was opened."""

    account: Account
    at: datetime


@dataclass(frozen=True, slots=True)
class MarginCheck:
    """The figures that a margin check saw, in the account's currency."""

    equity: Decimal
    margin_after: Decimal
    quote_id: str


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """An order was accepted."""

    order: Order
    check: MarginCheck | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """An order was refused."""

    order: Order
    check: MarginCheck | None
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """An order was filled; `order` is as it stands after."""

    order: Order
    fill: Fill
    route: Route
    quote_age_us: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position was opened, changed or closed by a fill."""

    position: Position
    fill_id: FillId
    at: datetime


@dataclass(frozen=True, slots=True)
class MoneyBooked:
    """Money was booked. `request_id` is the key of a cash movement, empty for the result of a trade."""

    entry: LedgerEntry
    postings: tuple[Posting, ...]
    request_id: str
    request_hash: bytes
    at: datetime


Event = AccountOpened | OrderAccepted | OrderRejected | OrderFilled | PositionChanged | MoneyBooked


def apply(state: AccountState | None, event: Event) -> AccountState:
    """The state after the event. A journal replayed from None gives the state that stands."""
    if state is None:
        if not isinstance(event, AccountOpened):
            raise ValueError(f"a journal begins with AccountOpened, not {type(event).__name__}")
        return AccountState(event.account, Decimal(0), {}, {}, 1, event.at)
    sequence = state.sequence + 1
    match event:
        case PositionChanged():
            return _with_position(state, event, sequence)
        case MoneyBooked():
            return AccountState(
                state.account, event.entry.balance_after, state.positions, state.exposures, sequence, event.at
            )
        case AccountOpened():
            raise ValueError("an account is opened once")
        case _:
            return AccountState(state.account, state.balance, state.positions, state.exposures, sequence, event.at)


def _with_position(state: AccountState, event: PositionChanged, sequence: int) -> AccountState:
    position = event.position
    positions, exposures = dict(state.positions), dict(state.exposures)
    exposure = exposures.pop(position.symbol, FLAT)
    before = positions.get(position.position_id)
    if before is not None:
        exposure = exposure.plus(before, -1)
    if position.quantity:
        positions[position.position_id] = position
        exposure = exposure.plus(position)
    else:
        positions.pop(position.position_id, None)
    if exposure:
        exposures[position.symbol] = exposure
    return AccountState(state.account, state.balance, positions, exposures, sequence, event.at)
