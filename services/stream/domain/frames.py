"""What the server says: JSON, put together from pieces that are encoded once for all clients."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from services.stream.domain.commands import MessageId

_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an account, encoded."""

    sequence: int
    json: bytes


@dataclass(slots=True)
class AccountUpdate:
    """Changes of one account, without a gap among them, and the account after them, encoded."""

    account_id: str
    changes: Sequence[Change]
    summary: bytes
    _frame: bytes = field(default=b"", repr=False)

    @property
    def first(self) -> int:
        """The sequence of the first change."""
        return self.changes[0].sequence

    @property
    def last(self) -> int:
        """The sequence of the last change."""
        return self.changes[-1].sequence

    def frame(self, after: int) -> bytes:
        """The delta for a client that has everything up to `after`; the usual one is built once for all clients."""
        if after >= self.first:
            return self._build([change for change in self.changes if change.sequence > after])
        self._frame = self._frame or self._build(self.changes)
        return self._frame

    def _build(self, changes: Sequence[Change]) -> bytes:
        listed = b",".join([change.json for change in changes])
        data = b'{"changes":[%b],"summary":%b}' % (listed, self.summary)
        return _account_frame(self.account_id, b"delta", self.last, data)


def time_text(at: datetime) -> str:
    """A moment as JSON carries it: RFC 3339, UTC."""
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def ack(message_id: MessageId, **fields: Any) -> bytes:
    """The message was carried out."""
    return _encode({"op": "ack", "id": message_id, "ok": True, **fields})


def refusal(message_id: MessageId, reason: str, message: str) -> bytes:
    """The message was not carried out."""
    return _encode({"op": "ack", "id": message_id, "ok": False, "reason": reason, "message": message})


def pong(message_id: MessageId) -> bytes:
    """The answer to a ping."""
    return _encode({"op": "pong", "id": message_id})


def heartbeat(number: int, at: str) -> bytes:
    """A sign of life; `number` counts those of the connection."""
    return b'{"ch":"heartbeat","n":%d,"ts":"%b"}' % (number, at.encode())


def quotes(kind: bytes, sequence: int, pieces: Sequence[bytes]) -> bytes:
    """Quotes: `snapshot` or `delta`."""
    return b'{"ch":"quotes","type":"%b","seq":%d,"data":[%b]}' % (kind, sequence, b",".join(pieces))


def account_snapshot(account_id: str, sequence: int, data: bytes) -> bytes:
    """The account as it stands after the change of that sequence."""
    return _account_frame(account_id, b"snapshot", sequence, data)


def _account_frame(account_id: str, kind: bytes, sequence: int, data: bytes) -> bytes:
    head = b'{"ch":"account","account_id":"%b","type":"%b","seq":%d,"data":' % (account_id.encode(), kind, sequence)
    return head + data + b"}"
