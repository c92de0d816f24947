"""What is asked, from the contracts' words into commands; refused here when it can't be understood."""

import hashlib
import re
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tradeloom.oms.v1 import command_service_pb2 as pb

from services.kernel.clock import EPOCH
from services.kernel.errors import EngineError, Kind
from services.kernel.ids import AccountId, ClientOrderId, PositionId, UserId
from services.kernel.money import Quantity, Side, parse_decimal
from services.oms.domain.commands import ClosePosition, Deposit, OpenAccount, SubmitOrder, TradeCommand
from services.oms.domain.orders import OrderType
from services.oms.domain.state import Account, PositionMode

# The rules of tradeloom.client.v1: what comes over the stream was not validated on the way.
_CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SYMBOL = re.compile(r"[A-Z0-9.]{1,16}")
_QUANTITY = re.compile(r"[0-9]{1,12}([.][0-9]{1,8})?")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

NOT_YET: datetime = EPOCH


def trade_from_pb(item: pb.Command) -> TradeCommand:
    """An order to submit or a position to close. Raises `FIELD_INVALID` with the field, or `QUANTITY_OUT_OF_RANGE`."""
    account_id = AccountId(_uuid("account_id", item.account_id))
    key = ClientOrderId(_matching("client_order_id", item.client_order_id, _CLIENT_ORDER_ID))
    match item.WhichOneof("action"):
        case "submit_order":
            return _submit(account_id, key, item.submit_order)
        case "close_position":
            return _close(account_id, key, item.close_position)
        case _:
            raise _invalid("action", "must be submit_order or close_position")


def open_from_pb(request: pb.OpenAccountRequest) -> OpenAccount:
    """An account to open."""
    account = Account(
        account_id=AccountId(_uuid("account_id", request.account_id)),
        tenant=request.tenant,
        user_id=UserId(_uuid("user_id", request.user_id)),
        number=request.number,
        currency=request.currency,
        mode=PositionMode(request.position_mode),
        group=request.group,
        opened_at=NOT_YET,
    )
    return OpenAccount(account)


def deposit_from_pb(request: pb.DepositRequest) -> Deposit:
    """Money to book."""
    amount = parse_decimal("amount", request.amount)
    return Deposit(
        account_id=AccountId(_uuid("account_id", request.account_id)),
        request_id=request.request_id,
        request_hash=_hash("deposit", _plain(amount)),
        amount=amount,
    )


def _submit(account_id: AccountId, key: ClientOrderId, asked: pb.SubmitOrder) -> SubmitOrder:
    symbol = _matching("symbol", asked.symbol, _SYMBOL)
    if int(asked.side) not in (Side.BUY, Side.SELL):
        raise _invalid("side", "must be SIDE_BUY or SIDE_SELL")
    if int(asked.type) != OrderType.MARKET:
        raise _invalid("type", "must be ORDER_TYPE_MARKET")
    side, quantity = Side(asked.side), _quantity(asked.quantity)
    digest = _hash("submit", symbol, str(side.value), str(int(asked.type)), _plain(quantity.value))
    return SubmitOrder(account_id, key, digest, symbol, side, OrderType.MARKET, quantity)


def _close(account_id: AccountId, key: ClientOrderId, asked: pb.ClosePosition) -> ClosePosition:
    position_id = PositionId(_uuid("position_id", asked.position_id))
    quantity = _quantity(asked.quantity) if asked.HasField("quantity") else None
    digest = _hash("close", str(position_id), "all" if quantity is None else _plain(quantity.value))
    return ClosePosition(account_id, key, digest, position_id, quantity)


def _quantity(text: str) -> Quantity:
    value = Decimal(_matching("quantity", text, _QUANTITY))
    if value <= 0:
        raise EngineError(
            Kind.INVALID, "QUANTITY_OUT_OF_RANGE", f"quantity must be above 0, was {text}", field="quantity"
        )
    return Quantity(value)


def _uuid(field: str, text: str) -> UUID:
    return UUID(_matching(field, text, _UUID))


def _matching(field: str, text: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(text):
        raise _invalid(field, f"must match {pattern.pattern}")
    return text


def _invalid(field: str, description: str) -> EngineError:
    return EngineError(
        Kind.INVALID, "FIELD_INVALID", f"{field}: {description}", violations=((field, description),), field=field
    )


def _plain(value: Decimal) -> str:
    """Equal numbers in equal words: 0.10 is the same request as 0.1."""
    return format(value.normalize(), "f")


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
