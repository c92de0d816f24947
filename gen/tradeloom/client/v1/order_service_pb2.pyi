from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.rpc import status_pb2 as _status_pb2
from tradeloom.access.v1 import access_pb2 as _access_pb2
from tradeloom.client.v1 import trading_pb2 as _trading_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SubmitOrderRequest(_message.Message):
    __slots__ = ("account_id", "client_order_id", "symbol", "side", "type", "quantity")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    client_order_id: str
    symbol: str
    side: _trading_pb2.Side
    type: _trading_pb2.OrderType
    quantity: str
    def __init__(self, account_id: _Optional[str] = ..., client_order_id: _Optional[str] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[_trading_pb2.Side, str]] = ..., type: _Optional[_Union[_trading_pb2.OrderType, str]] = ..., quantity: _Optional[str] = ...) -> None: ...

class SubmitOrderResponse(_message.Message):
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

class ClosePositionRequest(_message.Message):
    __slots__ = ("account_id", "position_id", "client_order_id", "quantity")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    position_id: str
    client_order_id: str
    quantity: str
    def __init__(self, account_id: _Optional[str] = ..., position_id: _Optional[str] = ..., client_order_id: _Optional[str] = ..., quantity: _Optional[str] = ...) -> None: ...

class ClosePositionResponse(_message.Message):
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

class ExchangeOrdersRequest(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ExchangeItem]
    def __init__(self, items: _Optional[_Iterable[_Union[ExchangeItem, _Mapping]]] = ...) -> None: ...

class ExchangeItem(_message.Message):
    __slots__ = ("id", "submit_order", "close_position")
    ID_FIELD_NUMBER: _ClassVar[int]
    SUBMIT_ORDER_FIELD_NUMBER: _ClassVar[int]
    CLOSE_POSITION_FIELD_NUMBER: _ClassVar[int]
    id: int
    submit_order: SubmitOrderRequest
    close_position: ClosePositionRequest
    def __init__(self, id: _Optional[int] = ..., submit_order: _Optional[_Union[SubmitOrderRequest, _Mapping]] = ..., close_position: _Optional[_Union[ClosePositionRequest, _Mapping]] = ...) -> None: ...

class ExchangeOrdersResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ExchangeResult]
    def __init__(self, items: _Optional[_Iterable[_Union[ExchangeResult, _Mapping]]] = ...) -> None: ...

class ExchangeResult(_message.Message):
    __slots__ = ("id", "submitted", "closed", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: int
    submitted: SubmitOrderResponse
    closed: ClosePositionResponse
    error: _status_pb2.Status
    def __init__(self, id: _Optional[int] = ..., submitted: _Optional[_Union[SubmitOrderResponse, _Mapping]] = ..., closed: _Optional[_Union[ClosePositionResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("account_id", "order_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    order_id: str
    def __init__(self, account_id: _Optional[str] = ..., order_id: _Optional[str] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order", "fills")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    order: _trading_pb2.Order
    fills: _containers.RepeatedCompositeFieldContainer[_trading_pb2.Fill]
    def __init__(self, order: _Optional[_Union[_trading_pb2.Order, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[_trading_pb2.Fill, _Mapping]]] = ...) -> None: ...

class GetOrderByClientIdRequest(_message.Message):
    __slots__ = ("account_id", "client_order_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    client_order_id: str
    def __init__(self, account_id: _Optional[str] = ..., client_order_id: _Optional[str] = ...) -> None: ...

class GetOrderByClientIdResponse(_message.Message):
    __slots__ = ("order", "fills")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    order: _trading_pb2.Order
    fills: _containers.RepeatedCompositeFieldContainer[_trading_pb2.Fill]
    def __init__(self, order: _Optional[_Union[_trading_pb2.Order, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[_trading_pb2.Fill, _Mapping]]] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("account_id", "limit", "cursor")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    limit: int
    cursor: str
    def __init__(self, account_id: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_cursor")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[_trading_pb2.Order]
    next_cursor: str
    def __init__(self, orders: _Optional[_Iterable[_Union[_trading_pb2.Order, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ListFillsRequest(_message.Message):
    __slots__ = ("account_id", "limit", "cursor")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    limit: int
    cursor: str
    def __init__(self, account_id: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListFillsResponse(_message.Message):
    __slots__ = ("fills", "next_cursor")
    FILLS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    fills: _containers.RepeatedCompositeFieldContainer[_trading_pb2.Fill]
    next_cursor: str
    def __init__(self, fills: _Optional[_Iterable[_Union[_trading_pb2.Fill, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...
