from buf.validate import validate_pb2 as _validate_pb2
from tradeloom.access.v1 import access_pb2 as _access_pb2
from tradeloom.client.v1 import trading_pb2 as _trading_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Book(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BOOK_UNSPECIFIED: _ClassVar[Book]
    BOOK_B: _ClassVar[Book]
BOOK_UNSPECIFIED: Book
BOOK_B: Book

class RouteBatchRequest(_message.Message):
    __slots__ = ("batch_id", "items")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    batch_id: int
    items: _containers.RepeatedCompositeFieldContainer[OrderToRoute]
    def __init__(self, batch_id: _Optional[int] = ..., items: _Optional[_Iterable[_Union[OrderToRoute, _Mapping]]] = ...) -> None: ...

class OrderToRoute(_message.Message):
    __slots__ = ("order_id", "tenant", "account_id", "group", "symbol", "side", "quantity")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    tenant: str
    account_id: str
    group: str
    symbol: str
    side: _trading_pb2.Side
    quantity: str
    def __init__(self, order_id: _Optional[str] = ..., tenant: _Optional[str] = ..., account_id: _Optional[str] = ..., group: _Optional[str] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[_trading_pb2.Side, str]] = ..., quantity: _Optional[str] = ...) -> None: ...

class RouteBatchResponse(_message.Message):
    __slots__ = ("batch_id", "items")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    batch_id: int
    items: _containers.RepeatedCompositeFieldContainer[RouteDecision]
    def __init__(self, batch_id: _Optional[int] = ..., items: _Optional[_Iterable[_Union[RouteDecision, _Mapping]]] = ...) -> None: ...

class RouteDecision(_message.Message):
    __slots__ = ("order_id", "book", "rule_id", "rule_version")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    BOOK_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_VERSION_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    book: Book
    rule_id: str
    rule_version: int
    def __init__(self, order_id: _Optional[str] = ..., book: _Optional[_Union[Book, str]] = ..., rule_id: _Optional[str] = ..., rule_version: _Optional[int] = ...) -> None: ...

class ListRulesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListRulesResponse(_message.Message):
    __slots__ = ("rules",)
    RULES_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[Rule]
    def __init__(self, rules: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ...) -> None: ...

class Rule(_message.Message):
    __slots__ = ("rule_id", "version", "priority", "tenant", "group", "symbol", "book")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    BOOK_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    version: int
    priority: int
    tenant: str
    group: str
    symbol: str
    book: Book
    def __init__(self, rule_id: _Optional[str] = ..., version: _Optional[int] = ..., priority: _Optional[int] = ..., tenant: _Optional[str] = ..., group: _Optional[str] = ..., symbol: _Optional[str] = ..., book: _Optional[_Union[Book, str]] = ...) -> None: ...
