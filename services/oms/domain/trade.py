"""What a fill does to positions.

Hedging: an opening order makes a position of its own; a position is reduced by an order that names it.
Netting: one position a symbol; the same side adds at the average price, the opposite side reduces, closes or reverses.
"""

from dataclasses import dataclass
from datetime import datetime

from services.kernel.ids import PositionId
from services.kernel.money import Price, Quantity, Side
from services.kernel.pnl import average_price
from services.oms.domain.state import FLAT, AccountState, Exposure, Position, PositionMode

NOTHING = Quantity(FLAT.long_quantity)


@dataclass(frozen=True, slots=True)
class Trade:
    """A quantity traded at a price. `closes` names the position that it reduces, `opens` the one that it may make."""

    symbol: str
    side: Side
    quantity: Quantity
    price: Price
    closes: PositionId | None
    opens: PositionId


@dataclass(frozen=True, slots=True)
class Change:
    """Positions as they stand after a trade, and which one was closed by how much. `adds`: something was opened."""

    positions: tuple[Position, ...]
    closed: Position | None
    closed_quantity: Quantity
    adds: bool

    @property
    def position_id(self) -> PositionId:
        """The position that the fill belongs to: the one that it closed, else the one that it opened."""
        return self.positions[0].position_id

    def exposure_after(self, state: AccountState, symbol: str) -> Exposure:
        """What the positions of the symbol add up to after the trade."""
        exposure = state.exposures.get(symbol, FLAT)
        for position in self.positions:
            before = state.positions.get(position.position_id)
            exposure = exposure.plus(position) if before is None else exposure.plus(before, -1).plus(position)
        return exposure


def change_of(state: AccountState, trade: Trade, at: datetime) -> Change:
    """What the trade does. `trade.closes` is open, with at least the traded quantity."""
    if trade.closes is not None:
        return _reduced(state.positions[trade.closes], trade.quantity)
    standing = state.position_of(trade.symbol) if state.account.mode is PositionMode.NETTING else None
    if standing is None:
        return Change((_opened(trade, trade.quantity, at),), None, NOTHING, adds=True)
    if standing.side is trade.side:
        return Change((_added(standing, trade),), None, NOTHING, adds=True)
    if trade.quantity <= standing.quantity:
        return _reduced(standing, trade.quantity)
    return _reversed(standing, trade, at)


def _opened(trade: Trade, quantity: Quantity, at: datetime) -> Position:
    return Position(trade.opens, trade.symbol, trade.side, quantity, trade.price, at)


def _added(standing: Position, trade: Trade) -> Position:
    price = average_price(standing.quantity, standing.open_price, trade.quantity, trade.price)
    return _resized(standing, standing.quantity + trade.quantity, price)


def _reduced(standing: Position, quantity: Quantity) -> Change:
    left = _resized(standing, standing.quantity - quantity, standing.open_price)
    return Change((left,), standing, quantity, adds=False)


def _reversed(standing: Position, trade: Trade, at: datetime) -> Change:
    closed = _resized(standing, NOTHING, standing.open_price)
    opened = _opened(trade, trade.quantity - standing.quantity, at)
    return Change((closed, opened), standing, standing.quantity, adds=True)


def _resized(position: Position, quantity: Quantity, price: Price) -> Position:
    return Position(position.position_id, position.symbol, position.side, quantity, price, position.opened_at)
