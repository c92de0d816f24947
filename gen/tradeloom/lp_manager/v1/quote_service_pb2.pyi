from buf.validate import validate_pb2 as _validate_pb2
from tradeloom.access.v1 import access_pb2 as _access_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchQuotesRequest(_message.Message):
    __slots__ = ("pace_ms",)
    PACE_MS_FIELD_NUMBER: _ClassVar[int]
    pace_ms: int
    def __init__(self, pace_ms: _Optional[int] = ...) -> None: ...

class WatchQuotesResponse(_message.Message):
    __slots__ = ("quotes",)
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    quotes: _containers.RepeatedCompositeFieldContainer[Quote]
    def __init__(self, quotes: _Optional[_Iterable[_Union[Quote, _Mapping]]] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("symbol", "digits", "bid_points", "ask_points", "bid_quantity", "ask_quantity", "sequence", "epoch", "age_us", "provider_time_us", "bid_provider", "ask_provider")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    DIGITS_FIELD_NUMBER: _ClassVar[int]
    BID_POINTS_FIELD_NUMBER: _ClassVar[int]
    ASK_POINTS_FIELD_NUMBER: _ClassVar[int]
    BID_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ASK_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    AGE_US_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_TIME_US_FIELD_NUMBER: _ClassVar[int]
    BID_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    ASK_PROVIDER_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    digits: int
    bid_points: int
    ask_points: int
    bid_quantity: int
    ask_quantity: int
    sequence: int
    epoch: int
    age_us: int
    provider_time_us: int
    bid_provider: str
    ask_provider: str
    def __init__(self, symbol: _Optional[str] = ..., digits: _Optional[int] = ..., bid_points: _Optional[int] = ..., ask_points: _Optional[int] = ..., bid_quantity: _Optional[int] = ..., ask_quantity: _Optional[int] = ..., sequence: _Optional[int] = ..., epoch: _Optional[int] = ..., age_us: _Optional[int] = ..., provider_time_us: _Optional[int] = ..., bid_provider: _Optional[str] = ..., ask_provider: _Optional[str] = ...) -> None: ...

class GetBookRequest(_message.Message):
    __slots__ = ("symbol",)
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    def __init__(self, symbol: _Optional[str] = ...) -> None: ...

class GetBookResponse(_message.Message):
    __slots__ = ("digits", "bids", "asks")
    DIGITS_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    digits: int
    bids: _containers.RepeatedCompositeFieldContainer[BookLevel]
    asks: _containers.RepeatedCompositeFieldContainer[BookLevel]
    def __init__(self, digits: _Optional[int] = ..., bids: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ...) -> None: ...

class BookLevel(_message.Message):
    __slots__ = ("price_points", "quantity", "provider")
    PRICE_POINTS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    price_points: int
    quantity: int
    provider: str
    def __init__(self, price_points: _Optional[int] = ..., quantity: _Optional[int] = ..., provider: _Optional[str] = ...) -> None: ...
