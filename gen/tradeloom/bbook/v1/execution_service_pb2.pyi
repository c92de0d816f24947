import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tradeloom.access.v1 import access_pb2 as _access_pb2
from tradeloom.client.v1 import trading_pb2 as _trading_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecuteBatchRequest(_message.Message):
    __slots__ = ("batch_id", "items")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    batch_id: int
    items: _containers.RepeatedCompositeFieldContainer[OrderToExecute]
    def __init__(self, batch_id: _Optional[int] = ..., items: _Optional[_Iterable[_Union[OrderToExecute, _Mapping]]] = ...) -> None: ...

class OrderToExecute(_message.Message):
    __slots__ = ("order_id", "symbol", "side", "quantity")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    symbol: str
    side: _trading_pb2.Side
    quantity: str
    def __init__(self, order_id: _Optional[str] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[_trading_pb2.Side, str]] = ..., quantity: _Optional[str] = ...) -> None: ...

class ExecuteBatchResponse(_message.Message):
    __slots__ = ("batch_id", "items")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    batch_id: int
    items: _containers.RepeatedCompositeFieldContainer[ExecutionResult]
    def __init__(self, batch_id: _Optional[int] = ..., items: _Optional[_Iterable[_Union[ExecutionResult, _Mapping]]] = ...) -> None: ...

class ExecutionResult(_message.Message):
    __slots__ = ("order_id", "execution", "refusal")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    execution: Execution
    refusal: _trading_pb2.RejectReason
    def __init__(self, order_id: _Optional[str] = ..., execution: _Optional[_Union[Execution, _Mapping]] = ..., refusal: _Optional[_Union[_trading_pb2.RejectReason, str]] = ...) -> None: ...

class Execution(_message.Message):
    __slots__ = ("price", "quote_id", "quote_age_us", "time")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_ID_FIELD_NUMBER: _ClassVar[int]
    QUOTE_AGE_US_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    price: str
    quote_id: str
    quote_age_us: int
    time: _timestamp_pb2.Timestamp
    def __init__(self, price: _Optional[str] = ..., quote_id: _Optional[str] = ..., quote_age_us: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
