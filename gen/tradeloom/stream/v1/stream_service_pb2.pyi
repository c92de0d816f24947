from tradeloom.access.v1 import access_pb2 as _access_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class GetStatisticsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatisticsResponse(_message.Message):
    __slots__ = ("connection_count", "subscription_count", "sent_frame_count", "slow_close_count")
    CONNECTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    SENT_FRAME_COUNT_FIELD_NUMBER: _ClassVar[int]
    SLOW_CLOSE_COUNT_FIELD_NUMBER: _ClassVar[int]
    connection_count: int
    subscription_count: int
    sent_frame_count: int
    slow_close_count: int
    def __init__(self, connection_count: _Optional[int] = ..., subscription_count: _Optional[int] = ..., sent_frame_count: _Optional[int] = ..., slow_close_count: _Optional[int] = ...) -> None: ...
