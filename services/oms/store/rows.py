"""Rows of the books as the domain's things."""

from collections.abc import Iterable

import asyncpg

from services.kernel.money import Price, Quantity, Side
from services.oms.domain.ledger import LedgerEntry, LedgerKind
from services.oms.domain.orders import Fill, Order, OrderState, OrderType, RejectReason
from services.oms.domain.state import Account, AccountState, Position, PositionMode, exposures_of
from services.oms.ports import Aggregate


def account_of(row: asyncpg.Record) -> Account:
    """A row of `account`."""
    return Account(
        account_id=row["account_id"],
        tenant=row["tenant"],
        user_id=row["user_id"],
        number=row["number"],
        currency=row["currency"],
        mode=PositionMode(row["position_mode"]),
        group=row["group_name"],
        opened_at=row["opened_at"],
    )


def aggregate_of(row: asyncpg.Record, positions: Iterable[Position]) -> Aggregate:
    """A row of `account` and its open positions, oldest first."""
    by_id = {position.position_id: position for position in positions}
    state = AccountState(account_of(row), row["balance"], by_id, exposures_of(by_id), row["sequence"], row["last_at"])
    return Aggregate(state, row["version"], row["journal_hash"])


def position_of(row: asyncpg.Record) -> Position:
    """A row of `position`."""
    return Position(
        position_id=row["position_id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=Quantity(row["quantity"]),
        open_price=Price(row["open_price"]),
        opened_at=row["position_opened_at"],
    )


def order_of(row: asyncpg.Record) -> Order:
    """A row of `orders`."""
    return Order(
        order_id=row["order_id"],
        account_id=row["account_id"],
        client_order_id=row["client_order_id"],
        request_hash=row["request_hash"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        quantity=Quantity(row["quantity"]),
        filled_quantity=Quantity(row["filled_quantity"]),
        average_price=None if row["average_price"] is None else Price(row["average_price"]),
        state=OrderState(row["state"]),
        reject_reason=RejectReason(row["reject_reason"]),
        position_id=row["position_id"],
        submitted_at=row["submitted_at"],
        updated_at=row["updated_at"],
    )


def fill_of(row: asyncpg.Record) -> Fill:
    """A row of `fill`."""
    return Fill(
        fill_id=row["fill_id"],
        order_id=row["order_id"],
        account_id=row["account_id"],
        position_id=row["position_id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=Quantity(row["quantity"]),
        price=Price(row["price"]),
        realized_pnl=row["realized_pnl"],
        conversion_rate=row["conversion_rate"],
        quote_id=row["quote_id"],
        at=row["at"],
    )


def entry_of(row: asyncpg.Record) -> LedgerEntry:
    """A row of `ledger_entry`."""
    return LedgerEntry(
        transaction_id=row["transaction_id"],
        account_id=row["account_id"],
        kind=LedgerKind(row["kind"]),
        amount=row["amount"],
        currency=row["currency"],
        balance_after=row["balance_after"],
        order_id=row["order_id"],
        at=row["at"],
    )
