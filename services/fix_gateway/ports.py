"""What the use cases need from outside."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum, auto
from typing import NamedTuple, Protocol

from services.fix_gateway.domain.book import Book
from services.fix_gateway.domain.market import Request
from services.fix_gateway.domain.provider import SessionKey

Units = tuple[str, int, Decimal]
"""An instrument's symbol, digits and contract size."""


class EventKind(Enum):
    """What happened on a session."""

    UP = auto()  # logged on
    DOWN = auto()  # logged out, or the connection is gone
    MESSAGE = auto()  # an application message; `raw` is it
    REFUSED = auto()  # a message did not even fit the dictionary; `raw` is our reject
    GAP = auto()  # the provider filled a gap: something it sent is lost
    REJECTED = auto()  # the provider rejected a message of ours; `raw` is its reject
    FAILED = auto()  # a callback of ours failed; `raw` is what it was called with


class SessionEvent(NamedTuple):
    """Something that happened on a session, and when, in monotonic microseconds."""

    session: SessionKey
    kind: EventKind
    raw: str
    received_us: int


class FixSessions(Protocol):
    """The sessions, to send on."""

    def subscribe(self, provider: str, request: Request) -> None:
        """Sends a MarketDataRequest (V). Raises `EngineError` when the session is not logged on; nothing is queued."""


class Books(Protocol):
    """Where books go."""

    def publish(self, books: Sequence[Book]) -> None:
        """Makes these the newest."""


class Quarantine(Protocol):
    """Where messages go that can't be used."""

    def put(self, session: SessionKey, reason: str, raw: str) -> None:
        """Puts a message on record."""


class Reference(Protocol):
    """The instruments."""

    async def instruments(self) -> list[Units]:
        """All of them."""
