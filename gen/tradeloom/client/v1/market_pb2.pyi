import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AssetClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ASSET_CLASS_UNSPECIFIED: _ClassVar[AssetClass]
    ASSET_CLASS_FOREX: _ClassVar[AssetClass]
    ASSET_CLASS_METAL: _ClassVar[AssetClass]
    ASSET_CLASS_INDEX: _ClassVar[AssetClass]
    ASSET_CLASS_CRYPTO: _ClassVar[AssetClass]
ASSET_CLASS_UNSPECIFIED: AssetClass
ASSET_CLASS_FOREX: AssetClass
ASSET_CLASS_METAL: AssetClass
ASSET_CLASS_INDEX: AssetClass
ASSET_CLASS_CRYPTO: AssetClass

class Instrument(_message.Message):
    __slots__ = ("symbol", "description", "asset_class", "base_currency", "quote_currency", "digits", "contract_size", "min_quantity", "max_quantity", "quantity_step", "margin_rate", "tradable")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ASSET_CLASS_FIELD_NUMBER: _ClassVar[int]
    BASE_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    QUOTE_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DIGITS_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_SIZE_FIELD_NUMBER: _ClassVar[int]
    MIN_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    MAX_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_STEP_FIELD_NUMBER: _ClassVar[int]
    MARGIN_RATE_FIELD_NUMBER: _ClassVar[int]
    TRADABLE_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    description: str
    asset_class: AssetClass
    base_currency: str
    quote_currency: str
    digits: int
    contract_size: str
    min_quantity: str
    max_quantity: str
    quantity_step: str
    margin_rate: str
    tradable: bool
    def __init__(self, symbol: _Optional[str] = ..., description: _Optional[str] = ..., asset_class: _Optional[_Union[AssetClass, str]] = ..., base_currency: _Optional[str] = ..., quote_currency: _Optional[str] = ..., digits: _Optional[int] = ..., contract_size: _Optional[str] = ..., min_quantity: _Optional[str] = ..., max_quantity: _Optional[str] = ..., quantity_step: _Optional[str] = ..., margin_rate: _Optional[str] = ..., tradable: _Optional[bool] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("symbol", "bid", "ask", "bid_quantity", "ask_quantity", "provider_time", "quote_id")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    BID_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ASK_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_TIME_FIELD_NUMBER: _ClassVar[int]
    QUOTE_ID_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    bid: str
    ask: str
    bid_quantity: str
    ask_quantity: str
    provider_time: _timestamp_pb2.Timestamp
    quote_id: str
    def __init__(self, symbol: _Optional[str] = ..., bid: _Optional[str] = ..., ask: _Optional[str] = ..., bid_quantity: _Optional[str] = ..., ask_quantity: _Optional[str] = ..., provider_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., quote_id: _Optional[str] = ...) -> None: ...
