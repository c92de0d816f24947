from tradeloom.client.v1 import trading_pb2 as _trading_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AccountChanged(_message.Message):
    __slots__ = ("account_id", "user_id", "changes", "summary")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    user_id: str
    changes: _containers.RepeatedCompositeFieldContainer[_trading_pb2.AccountEvent]
    summary: _trading_pb2.AccountSummary
    def __init__(self, account_id: _Optional[str] = ..., user_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[_trading_pb2.AccountEvent, _Mapping]]] = ..., summary: _Optional[_Union[_trading_pb2.AccountSummary, _Mapping]] = ...) -> None: ...
