import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tradeloom.access.v1 import access_pb2 as _access_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_KIND_UNSPECIFIED: _ClassVar[SessionKind]
    SESSION_KIND_QUOTE: _ClassVar[SessionKind]
    SESSION_KIND_TRADE: _ClassVar[SessionKind]
SESSION_KIND_UNSPECIFIED: SessionKind
SESSION_KIND_QUOTE: SessionKind
SESSION_KIND_TRADE: SessionKind

class WatchBooksRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchBooksResponse(_message.Message):
    __slots__ = ("books",)
    BOOKS_FIELD_NUMBER: _ClassVar[int]
    books: _containers.RepeatedCompositeFieldContainer[ProviderBook]
    def __init__(self, books: _Optional[_Iterable[_Union[ProviderBook, _Mapping]]] = ...) -> None: ...

class ProviderBook(_message.Message):
    __slots__ = ("provider", "symbol", "bid_points", "bid_quantities", "ask_points", "ask_quantities", "age_us", "provider_time_us")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    BID_POINTS_FIELD_NUMBER: _ClassVar[int]
    BID_QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    ASK_POINTS_FIELD_NUMBER: _ClassVar[int]
    ASK_QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    AGE_US_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_TIME_US_FIELD_NUMBER: _ClassVar[int]
    provider: str
    symbol: str
    bid_points: _containers.RepeatedScalarFieldContainer[int]
    bid_quantities: _containers.RepeatedScalarFieldContainer[int]
    ask_points: _containers.RepeatedScalarFieldContainer[int]
    ask_quantities: _containers.RepeatedScalarFieldContainer[int]
    age_us: int
    provider_time_us: int
    def __init__(self, provider: _Optional[str] = ..., symbol: _Optional[str] = ..., bid_points: _Optional[_Iterable[int]] = ..., bid_quantities: _Optional[_Iterable[int]] = ..., ask_points: _Optional[_Iterable[int]] = ..., ask_quantities: _Optional[_Iterable[int]] = ..., age_us: _Optional[int] = ..., provider_time_us: _Optional[int] = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[Session]
    def __init__(self, sessions: _Optional[_Iterable[_Union[Session, _Mapping]]] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("provider", "kind", "logged_on", "change_time", "received_count", "refused_count")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LOGGED_ON_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    provider: str
    kind: SessionKind
    logged_on: bool
    change_time: _timestamp_pb2.Timestamp
    received_count: int
    refused_count: int
    def __init__(self, provider: _Optional[str] = ..., kind: _Optional[_Union[SessionKind, str]] = ..., logged_on: _Optional[bool] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., received_count: _Optional[int] = ..., refused_count: _Optional[int] = ...) -> None: ...
