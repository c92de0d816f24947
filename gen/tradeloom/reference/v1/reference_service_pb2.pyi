from buf.validate import validate_pb2 as _validate_pb2
from tradeloom.access.v1 import access_pb2 as _access_pb2
from tradeloom.client.v1 import market_pb2 as _market_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MarginMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MARGIN_MODE_UNSPECIFIED: _ClassVar[MarginMode]
    MARGIN_MODE_FOREX: _ClassVar[MarginMode]
    MARGIN_MODE_CFD: _ClassVar[MarginMode]
MARGIN_MODE_UNSPECIFIED: MarginMode
MARGIN_MODE_FOREX: MarginMode
MARGIN_MODE_CFD: MarginMode

class ListInstrumentsRequest(_message.Message):
    __slots__ = ("limit", "cursor")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    limit: int
    cursor: str
    def __init__(self, limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListInstrumentsResponse(_message.Message):
    __slots__ = ("instruments", "next_cursor")
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    instruments: _containers.RepeatedCompositeFieldContainer[InstrumentSettings]
    next_cursor: str
    def __init__(self, instruments: _Optional[_Iterable[_Union[InstrumentSettings, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class InstrumentSettings(_message.Message):
    __slots__ = ("instrument", "quote_age_ms_max", "margin_mode", "version")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    QUOTE_AGE_MS_MAX_FIELD_NUMBER: _ClassVar[int]
    MARGIN_MODE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    instrument: _market_pb2.Instrument
    quote_age_ms_max: int
    margin_mode: MarginMode
    version: int
    def __init__(self, instrument: _Optional[_Union[_market_pb2.Instrument, _Mapping]] = ..., quote_age_ms_max: _Optional[int] = ..., margin_mode: _Optional[_Union[MarginMode, str]] = ..., version: _Optional[int] = ...) -> None: ...

class ListGroupsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListGroupsResponse(_message.Message):
    __slots__ = ("groups",)
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    groups: _containers.RepeatedCompositeFieldContainer[Group]
    def __init__(self, groups: _Optional[_Iterable[_Union[Group, _Mapping]]] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("name", "description", "max_leverage", "version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVERAGE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    max_leverage: int
    version: int
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., max_leverage: _Optional[int] = ..., version: _Optional[int] = ...) -> None: ...
