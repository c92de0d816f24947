import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_BUY: _ClassVar[Side]
    SIDE_SELL: _ClassVar[Side]

class OrderType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_TYPE_UNSPECIFIED: _ClassVar[OrderType]
    ORDER_TYPE_MARKET: _ClassVar[OrderType]

class OrderState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_STATE_UNSPECIFIED: _ClassVar[OrderState]
    ORDER_STATE_ACCEPTED: _ClassVar[OrderState]
    ORDER_STATE_FILLED: _ClassVar[OrderState]
    ORDER_STATE_REJECTED: _ClassVar[OrderState]

class RejectReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REJECT_REASON_UNSPECIFIED: _ClassVar[RejectReason]
    REJECT_REASON_MARGIN_INSUFFICIENT: _ClassVar[RejectReason]
    REJECT_REASON_PRICE_UNAVAILABLE: _ClassVar[RejectReason]
    REJECT_REASON_INSTRUMENT_DISABLED: _ClassVar[RejectReason]
    REJECT_REASON_POSITION_NOT_OPEN: _ClassVar[RejectReason]
    REJECT_REASON_NO_ROUTE: _ClassVar[RejectReason]
    REJECT_REASON_RATE_UNAVAILABLE: _ClassVar[RejectReason]

class PositionMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POSITION_MODE_UNSPECIFIED: _ClassVar[PositionMode]
    POSITION_MODE_HEDGING: _ClassVar[PositionMode]
    POSITION_MODE_NETTING: _ClassVar[PositionMode]

class LedgerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEDGER_KIND_UNSPECIFIED: _ClassVar[LedgerKind]
    LEDGER_KIND_DEPOSIT: _ClassVar[LedgerKind]
    LEDGER_KIND_REALIZED_PNL: _ClassVar[LedgerKind]
SIDE_UNSPECIFIED: Side
SIDE_BUY: Side
SIDE_SELL: Side
ORDER_TYPE_UNSPECIFIED: OrderType
ORDER_TYPE_MARKET: OrderType
ORDER_STATE_UNSPECIFIED: OrderState
ORDER_STATE_ACCEPTED: OrderState
ORDER_STATE_FILLED: OrderState
ORDER_STATE_REJECTED: OrderState
REJECT_REASON_UNSPECIFIED: RejectReason
REJECT_REASON_MARGIN_INSUFFICIENT: RejectReason
REJECT_REASON_PRICE_UNAVAILABLE: RejectReason
REJECT_REASON_INSTRUMENT_DISABLED: RejectReason
REJECT_REASON_POSITION_NOT_OPEN: RejectReason
REJECT_REASON_NO_ROUTE: RejectReason
REJECT_REASON_RATE_UNAVAILABLE: RejectReason
POSITION_MODE_UNSPECIFIED: PositionMode
POSITION_MODE_HEDGING: PositionMode
POSITION_MODE_NETTING: PositionMode
LEDGER_KIND_UNSPECIFIED: LedgerKind
LEDGER_KIND_DEPOSIT: LedgerKind
LEDGER_KIND_REALIZED_PNL: LedgerKind

class Account(_message.Message):
    __slots__ = ("account_id", "number", "currency", "position_mode", "group", "open_time")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITION_MODE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    number: str
    currency: str
    position_mode: PositionMode
    group: str
    open_time: _timestamp_pb2.Timestamp
    def __init__(self, account_id: _Optional[str] = ..., number: _Optional[str] = ..., currency: _Optional[str] = ..., position_mode: _Optional[_Union[PositionMode, str]] = ..., group: _Optional[str] = ..., open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AccountSummary(_message.Message):
    __slots__ = ("account_id", "currency", "balance", "unrealized_pnl", "equity", "margin_used", "free_margin", "margin_level", "sequence", "time", "prices_current")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    UNREALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    MARGIN_USED_FIELD_NUMBER: _ClassVar[int]
    FREE_MARGIN_FIELD_NUMBER: _ClassVar[int]
    MARGIN_LEVEL_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    PRICES_CURRENT_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    currency: str
    balance: str
    unrealized_pnl: str
    equity: str
    margin_used: str
    free_margin: str
    margin_level: str
    sequence: int
    time: _timestamp_pb2.Timestamp
    prices_current: bool
    def __init__(self, account_id: _Optional[str] = ..., currency: _Optional[str] = ..., balance: _Optional[str] = ..., unrealized_pnl: _Optional[str] = ..., equity: _Optional[str] = ..., margin_used: _Optional[str] = ..., free_margin: _Optional[str] = ..., margin_level: _Optional[str] = ..., sequence: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., prices_current: _Optional[bool] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("order_id", "account_id", "client_order_id", "symbol", "side", "type", "quantity", "filled_quantity", "average_price", "state", "reject_reason", "position_id", "submit_time", "update_time")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    FILLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REJECT_REASON_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    account_id: str
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: str
    filled_quantity: str
    average_price: str
    state: OrderState
    reject_reason: RejectReason
    position_id: str
    submit_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, order_id: _Optional[str] = ..., account_id: _Optional[str] = ..., client_order_id: _Optional[str] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[Side, str]] = ..., type: _Optional[_Union[OrderType, str]] = ..., quantity: _Optional[str] = ..., filled_quantity: _Optional[str] = ..., average_price: _Optional[str] = ..., state: _Optional[_Union[OrderState, str]] = ..., reject_reason: _Optional[_Union[RejectReason, str]] = ..., position_id: _Optional[str] = ..., submit_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Fill(_message.Message):
    __slots__ = ("fill_id", "order_id", "account_id", "position_id", "symbol", "side", "quantity", "price", "realized_pnl", "conversion_rate", "quote_id", "time")
    FILL_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    CONVERSION_RATE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    fill_id: str
    order_id: str
    account_id: str
    position_id: str
    symbol: str
    side: Side
    quantity: str
    price: str
    realized_pnl: str
    conversion_rate: str
    quote_id: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, fill_id: _Optional[str] = ..., order_id: _Optional[str] = ..., account_id: _Optional[str] = ..., position_id: _Optional[str] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[Side, str]] = ..., quantity: _Optional[str] = ..., price: _Optional[str] = ..., realized_pnl: _Optional[str] = ..., conversion_rate: _Optional[str] = ..., quote_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("position_id", "account_id", "symbol", "side", "quantity", "open_price", "open_time", "unrealized_pnl", "margin")
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OPEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    UNREALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    position_id: str
    account_id: str
    symbol: str
    side: Side
    quantity: str
    open_price: str
    open_time: _timestamp_pb2.Timestamp
    unrealized_pnl: str
    margin: str
    def __init__(self, position_id: _Optional[str] = ..., account_id: _Optional[str] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[Side, str]] = ..., quantity: _Optional[str] = ..., open_price: _Optional[str] = ..., open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., unrealized_pnl: _Optional[str] = ..., margin: _Optional[str] = ...) -> None: ...

class LedgerEntry(_message.Message):
    __slots__ = ("transaction_id", "account_id", "kind", "amount", "currency", "balance_after", "order_id", "time")
    TRANSACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_AFTER_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    transaction_id: str
    account_id: str
    kind: LedgerKind
    amount: str
    currency: str
    balance_after: str
    order_id: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, transaction_id: _Optional[str] = ..., account_id: _Optional[str] = ..., kind: _Optional[_Union[LedgerKind, str]] = ..., amount: _Optional[str] = ..., currency: _Optional[str] = ..., balance_after: _Optional[str] = ..., order_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AccountEvent(_message.Message):
    __slots__ = ("account_id", "sequence", "time", "account_opened", "order", "fill", "position", "ledger_entry", "filled_order")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_OPENED_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LEDGER_ENTRY_FIELD_NUMBER: _ClassVar[int]
    FILLED_ORDER_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    sequence: int
    time: _timestamp_pb2.Timestamp
    account_opened: Account
    order: Order
    fill: Fill
    position: Position
    ledger_entry: LedgerEntry
    filled_order: Order
    def __init__(self, account_id: _Optional[str] = ..., sequence: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., account_opened: _Optional[_Union[Account, _Mapping]] = ..., order: _Optional[_Union[Order, _Mapping]] = ..., fill: _Optional[_Union[Fill, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., ledger_entry: _Optional[_Union[LedgerEntry, _Mapping]] = ..., filled_order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...
