import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tradeloom.client.v1 import trading_pb2 as _trading_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JournalEntry(_message.Message):
    __slots__ = ("account_id", "sequence", "time", "account_opened", "order_accepted", "order_rejected", "order_filled", "position_changed", "money_booked")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_OPENED_FIELD_NUMBER: _ClassVar[int]
    ORDER_ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    ORDER_REJECTED_FIELD_NUMBER: _ClassVar[int]
    ORDER_FILLED_FIELD_NUMBER: _ClassVar[int]
    POSITION_CHANGED_FIELD_NUMBER: _ClassVar[int]
    MONEY_BOOKED_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    sequence: int
    time: _timestamp_pb2.Timestamp
    account_opened: AccountOpened
    order_accepted: OrderAccepted
    order_rejected: OrderRejected
    order_filled: OrderFilled
    position_changed: PositionChanged
    money_booked: MoneyBooked
    def __init__(self, account_id: _Optional[str] = ..., sequence: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., account_opened: _Optional[_Union[AccountOpened, _Mapping]] = ..., order_accepted: _Optional[_Union[OrderAccepted, _Mapping]] = ..., order_rejected: _Optional[_Union[OrderRejected, _Mapping]] = ..., order_filled: _Optional[_Union[OrderFilled, _Mapping]] = ..., position_changed: _Optional[_Union[PositionChanged, _Mapping]] = ..., money_booked: _Optional[_Union[MoneyBooked, _Mapping]] = ...) -> None: ...

class AccountOpened(_message.Message):
    __slots__ = ("account", "user_id", "tenant")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    account: _trading_pb2.Account
    user_id: str
    tenant: str
    def __init__(self, account: _Optional[_Union[_trading_pb2.Account, _Mapping]] = ..., user_id: _Optional[str] = ..., tenant: _Optional[str] = ...) -> None: ...

class OrderAccepted(_message.Message):
    __slots__ = ("order", "margin_check")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    MARGIN_CHECK_FIELD_NUMBER: _ClassVar[int]
    order: _trading_pb2.Order
    margin_check: MarginCheck
    def __init__(self, order: _Optional[_Union[_trading_pb2.Order, _Mapping]] = ..., margin_check: _Optional[_Union[MarginCheck, _Mapping]] = ...) -> None: ...

class OrderRejected(_message.Message):
    __slots__ = ("order", "margin_check")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    MARGIN_CHECK_FIELD_NUMBER: _ClassVar[int]
    order: _trading_pb2.Order
    margin_check: MarginCheck
    def __init__(self, order: _Optional[_Union[_trading_pb2.Order, _Mapping]] = ..., margin_check: _Optional[_Union[MarginCheck, _Mapping]] = ...) -> None: ...

class MarginCheck(_message.Message):
    __slots__ = ("equity", "margin_after", "quote_id")
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    MARGIN_AFTER_FIELD_NUMBER: _ClassVar[int]
    QUOTE_ID_FIELD_NUMBER: _ClassVar[int]
    equity: str
    margin_after: str
    quote_id: str
    def __init__(self, equity: _Optional[str] = ..., margin_after: _Optional[str] = ..., quote_id: _Optional[str] = ...) -> None: ...

class OrderFilled(_message.Message):
    __slots__ = ("order", "fill", "book", "rule_id", "rule_version", "quote_age_us")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    BOOK_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_VERSION_FIELD_NUMBER: _ClassVar[int]
    QUOTE_AGE_US_FIELD_NUMBER: _ClassVar[int]
    order: _trading_pb2.Order
    fill: _trading_pb2.Fill
    book: str
    rule_id: str
    rule_version: int
    quote_age_us: int
    def __init__(self, order: _Optional[_Union[_trading_pb2.Order, _Mapping]] = ..., fill: _Optional[_Union[_trading_pb2.Fill, _Mapping]] = ..., book: _Optional[str] = ..., rule_id: _Optional[str] = ..., rule_version: _Optional[int] = ..., quote_age_us: _Optional[int] = ...) -> None: ...

class PositionChanged(_message.Message):
    __slots__ = ("position", "fill_id")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    FILL_ID_FIELD_NUMBER: _ClassVar[int]
    position: _trading_pb2.Position
    fill_id: str
    def __init__(self, position: _Optional[_Union[_trading_pb2.Position, _Mapping]] = ..., fill_id: _Optional[str] = ...) -> None: ...

class MoneyBooked(_message.Message):
    __slots__ = ("entry", "postings", "request_id")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    POSTINGS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    entry: _trading_pb2.LedgerEntry
    postings: _containers.RepeatedCompositeFieldContainer[Posting]
    request_id: str
    def __init__(self, entry: _Optional[_Union[_trading_pb2.LedgerEntry, _Mapping]] = ..., postings: _Optional[_Iterable[_Union[Posting, _Mapping]]] = ..., request_id: _Optional[str] = ...) -> None: ...

class Posting(_message.Message):
    __slots__ = ("ledger_account", "currency", "amount")
    LEDGER_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    ledger_account: str
    currency: str
    amount: str
    def __init__(self, ledger_account: _Optional[str] = ..., currency: _Optional[str] = ..., amount: _Optional[str] = ...) -> None: ...
