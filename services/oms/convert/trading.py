"""The domain's things in the words of the public contract, and back."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from tradeloom.client.v1 import trading_pb2 as pb

from services.kernel.clock import from_us, to_us
from services.kernel.ids import AccountId, ClientOrderId, FillId, OrderId, PositionId, TransactionId, UserId, id_text
from services.kernel.money import Price, Quantity, Side, text
from services.oms.domain.ledger import LedgerEntry, LedgerKind
from services.oms.domain.orders import Fill, Order, OrderState, OrderType, RejectReason
from services.oms.domain.state import Account, Position, PositionMode
from services.oms.domain.valuation import Summary

MICROSECONDS = 1_000_000
REMEMBERED_MAX = 1_024

T = TypeVar("T")
M = TypeVar("M")


def remembered(make: Callable[[T], M]) -> Callable[[T], M]:
    """Keeps the messages made last, by identity: what is journalled is soon answered with. Copy, don't change."""
    kept: dict[int, tuple[T, M]] = {}

    def remembering(thing: T) -> M:
        found = kept.get(id(thing))
        if found is not None and found[0] is thing:
            return found[1]
        if len(kept) >= REMEMBERED_MAX:
            kept.clear()
        message = make(thing)
        kept[id(thing)] = (thing, message)
        return message

    return remembering


def number(value: IntEnum) -> Any:
    """An enum of the domain as one of the contracts: the numbers are the same."""
    return int(value)


@lru_cache(maxsize=1024)
def time_to_pb(at: datetime) -> Timestamp:
    """The moment, to the microsecond. Kept, as one moment is in many messages: copy it, don't change it."""
    seconds, micros = divmod(to_us(at), MICROSECONDS)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def time_from_pb(time: Timestamp) -> datetime:
    """The moment, to the microsecond."""
    return from_us(time.seconds * MICROSECONDS + time.nanos // 1000)


def account_to_pb(account: Account) -> pb.Account:
    """An account; its owner and tenant are told apart."""
    return pb.Account(
        account_id=id_text(account.account_id),
        number=account.number,
        currency=account.currency,
        position_mode=number(account.mode),
        group=account.group,
        open_time=time_to_pb(account.opened_at),
    )


def account_from_pb(message: pb.Account, user_id: str, tenant: str) -> Account:
    """An account and its owner."""
    return Account(
        account_id=AccountId(UUID(message.account_id)),
        tenant=tenant,
        user_id=UserId(UUID(user_id)),
        number=message.number,
        currency=message.currency,
        mode=PositionMode(message.position_mode),
        group=message.group,
        opened_at=time_from_pb(message.open_time),
    )


@remembered
def order_to_pb(order: Order) -> pb.Order:
    """An order as it stands."""
    message = pb.Order(
        order_id=id_text(order.order_id),
        account_id=id_text(order.account_id),
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=number(order.side),
        type=number(order.type),
        quantity=text(order.quantity.value),
        filled_quantity=text(order.filled_quantity.value),
        state=number(order.state),
        reject_reason=number(order.reject_reason),
        submit_time=time_to_pb(order.submitted_at),
        update_time=time_to_pb(order.updated_at),
    )
    if order.average_price is not None:
        message.average_price = text(order.average_price.value)
    if order.position_id is not None:
        message.position_id = id_text(order.position_id)
    return message


def order_from_pb(message: pb.Order) -> Order:
    """An order, without the hash of its request, which contracts don't carry."""
    return Order(
        order_id=OrderId(UUID(message.order_id)),
        account_id=AccountId(UUID(message.account_id)),
        client_order_id=ClientOrderId(message.client_order_id),
        request_hash=b"",
        symbol=message.symbol,
        side=Side(message.side),
        type=OrderType(message.type),
        quantity=Quantity(Decimal(message.quantity)),
        filled_quantity=Quantity(Decimal(message.filled_quantity)),
        average_price=Price(Decimal(message.average_price)) if message.HasField("average_price") else None,
        state=OrderState(message.state),
        reject_reason=RejectReason(message.reject_reason),
        position_id=PositionId(UUID(message.position_id)) if message.HasField("position_id") else None,
        submitted_at=time_from_pb(message.submit_time),
        updated_at=time_from_pb(message.update_time),
    )


@remembered
def fill_to_pb(fill: Fill) -> pb.Fill:
    """A fill."""
    return pb.Fill(
        fill_id=id_text(fill.fill_id),
        order_id=id_text(fill.order_id),
        account_id=id_text(fill.account_id),
        position_id=id_text(fill.position_id),
        symbol=fill.symbol,
        side=number(fill.side),
        quantity=text(fill.quantity.value),
        price=text(fill.price.value),
        realized_pnl=text(fill.realized_pnl),
        conversion_rate=text(fill.conversion_rate),
        quote_id=fill.quote_id,
        time=time_to_pb(fill.at),
    )


def fill_from_pb(message: pb.Fill) -> Fill:
    """A fill."""
    return Fill(
        fill_id=FillId(UUID(message.fill_id)),
        order_id=OrderId(UUID(message.order_id)),
        account_id=AccountId(UUID(message.account_id)),
        position_id=PositionId(UUID(message.position_id)),
        symbol=message.symbol,
        side=Side(message.side),
        quantity=Quantity(Decimal(message.quantity)),
        price=Price(Decimal(message.price)),
        realized_pnl=Decimal(message.realized_pnl),
        conversion_rate=Decimal(message.conversion_rate),
        quote_id=message.quote_id,
        at=time_from_pb(message.time),
    )


def position_to_pb(account_id: AccountId, position: Position) -> pb.Position:
    """A position, without figures that depend on prices."""
    return pb.Position(
        position_id=id_text(position.position_id),
        account_id=id_text(account_id),
        symbol=position.symbol,
        side=number(position.side),
        quantity=text(position.quantity.value),
        open_price=text(position.open_price.value),
        open_time=time_to_pb(position.opened_at),
    )


def position_from_pb(message: pb.Position) -> Position:
    """A position."""
    return Position(
        position_id=PositionId(UUID(message.position_id)),
        symbol=message.symbol,
        side=Side(message.side),
        quantity=Quantity(Decimal(message.quantity)),
        open_price=Price(Decimal(message.open_price)),
        opened_at=time_from_pb(message.open_time),
    )


def entry_to_pb(entry: LedgerEntry) -> pb.LedgerEntry:
    """A movement of money."""
    message = pb.LedgerEntry(
        transaction_id=id_text(entry.transaction_id),
        account_id=id_text(entry.account_id),
        kind=number(entry.kind),
        amount=text(entry.amount),
        currency=entry.currency,
        balance_after=text(entry.balance_after),
        time=time_to_pb(entry.at),
    )
    if entry.order_id is not None:
        message.order_id = id_text(entry.order_id)
    return message


def entry_from_pb(message: pb.LedgerEntry) -> LedgerEntry:
    """A movement of money."""
    return LedgerEntry(
        transaction_id=TransactionId(UUID(message.transaction_id)),
        account_id=AccountId(UUID(message.account_id)),
        kind=LedgerKind(message.kind),
        amount=Decimal(message.amount),
        currency=message.currency,
        balance_after=Decimal(message.balance_after),
        order_id=OrderId(UUID(message.order_id)) if message.HasField("order_id") else None,
        at=time_from_pb(message.time),
    )


def summary_to_pb(account_id: AccountId, currency: str, summary: Summary) -> pb.AccountSummary:
    """The money of an account."""
    message = pb.AccountSummary(
        account_id=id_text(account_id),
        currency=currency,
        balance=text(summary.balance),
        unrealized_pnl=text(summary.unrealised),
        equity=text(summary.equity),
        margin_used=text(summary.margin_used),
        free_margin=text(summary.free_margin),
        sequence=summary.sequence,
        time=time_to_pb(summary.at),
        prices_current=summary.prices_current,
    )
    if summary.margin_level is not None:
        message.margin_level = text(summary.margin_level)
    return message
