from buf.validate import validate_pb2 as _validate_pb2
from google.rpc import status_pb2 as _status_pb2
from tradeloom.access.v1 import access_pb2 as _access_pb2
from tradeloom.client.v1 import trading_pb2 as _trading_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecuteCommandsRequest(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Command]
    def __init__(self, items: _Optional[_Iterable[_Union[Command, _Mapping]]] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("id", "account_id", "client_order_id", "submit_order", "close_position")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_ORDER_FIELD_NUMBER: _ClassVar[int]
    CLOSE_POSITION_FIELD_NUMBER: _ClassVar[int]
    id: int
    account_id: str
    client_order_id: str
    submit_order: SubmitOrder
    close_position: ClosePosition
    def __init__(self, id: _Optional[int] = ..., account_id: _Optional[str] = ..., client_order_id: _Optional[str] = ..., submit_order: _Optional[_Union[SubmitOrder, _Mapping]] = ..., close_position: _Optional[_Union[ClosePosition, _Mapping]] = ...) -> None: ...

class SubmitOrder(_message.Message):
    __slots__ = ("symbol", "side", "type", "quantity")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    side: _trading_pb2.Side
    type: _trading_pb2.OrderType
    quantity: str
    def __init__(self, symbol: _Optional[str] = ..., side: _Optional[_Union[_trading_pb2.Side, str]] = ..., type: _Optional[_Union[_trading_pb2.OrderType, str]] = ..., quantity: _Optional[str] = ...) -> None: ...

class ClosePosition(_message.Message):
    __slots__ = ("position_id", "quantity")
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    position_id: str
    quantity: str
    def __init__(self, position_id: _Optional[str] = ..., quantity: _Optional[str] = ...) -> None: ...

class ExecuteCommandsResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[CommandResult]
    def __init__(self, items: _Optional[_Iterable[_Union[CommandResult, _Mapping]]] = ...) -> None: ...

class CommandResult(_message.Message):
    __slots__ = ("id", "outcome", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: int
    outcome: OrderOutcome
    error: _status_pb2.Status
    def __init__(self, id: _Optional[int] = ..., outcome: _Optional[_Union[OrderOutcome, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class OrderOutcome(_message.Message):
    __slots__ = ("order", "fills", "summary", "replayed")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    order: _trading_pb2.Order
    fills: _containers.RepeatedCompositeFieldContainer[_trading_pb2.Fill]
    summary: _trading_pb2.AccountSummary
    replayed: bool
    def __init__(self, order: _Optional[_Union[_trading_pb2.Order, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[_trading_pb2.Fill, _Mapping]]] = ..., summary: _Optional[_Union[_trading_pb2.AccountSummary, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class OpenAccountRequest(_message.Message):
    __slots__ = ("account_id", "tenant", "user_id", "number", "currency", "position_mode", "group")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    POSITION_MODE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    tenant: str
    user_id: str
    number: str
    currency: str
    position_mode: _trading_pb2.PositionMode
    group: str
    def __init__(self, account_id: _Optional[str] = ..., tenant: _Optional[str] = ..., user_id: _Optional[str] = ..., number: _Optional[str] = ..., currency: _Optional[str] = ..., position_mode: _Optional[_Union[_trading_pb2.PositionMode, str]] = ..., group: _Optional[str] = ...) -> None: ...

class OpenAccountResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: _trading_pb2.Account
    def __init__(self, account: _Optional[_Union[_trading_pb2.Account, _Mapping]] = ...) -> None: ...

class DepositRequest(_message.Message):
    __slots__ = ("account_id", "request_id", "amount")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    request_id: str
    amount: str
    def __init__(self, account_id: _Optional[str] = ..., request_id: _Optional[str] = ..., amount: _Optional[str] = ...) -> None: ...

class DepositResponse(_message.Message):
    __slots__ = ("entry",)
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    entry: _trading_pb2.LedgerEntry
    def __init__(self, entry: _Optional[_Union[_trading_pb2.LedgerEntry, _Mapping]] = ...) -> None: ...
