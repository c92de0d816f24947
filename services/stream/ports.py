"""What the handlers need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.stream.domain.frames import Change


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is connected."""

    user_id: str
    tenant: str
    session_id: str


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account as it stands, encoded."""

    sequence: int
    summary: bytes
    data: bytes  # summary and positions


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes of an account, and the sequence of its last one."""

    changes: Sequence[Change]
    last_sequence: int


class Wire(Protocol):
    """One client's connection."""

    @property
    def ready(self) -> bool:
        """Whether little enough waits to be read by the client."""
        ...

    @property
    def buffered(self) -> int:
        """How many bytes wait to be read by the client."""
        ...

    def send(self, frame: bytes) -> None:
        """Sends a frame; does nothing when the connection is closing."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Closes the connection; nothing is received any more."""
        ...


class Tickets(Protocol):
    """The door."""

    async def redeem(self, ticket: str) -> Caller:
        """Uses the ticket up. Raises `TOKEN_INVALID`, `TOKEN_EXPIRED` or `TICKET_USED`."""
        ...


class Accounts(Protocol):
    """The order service's books."""

    async def owner(self, account_id: str) -> tuple[str, str]:
        """The user and the tenant whose account it is. Raises `ACCOUNT_UNKNOWN`."""
        ...

    async def state(self, account_id: str) -> AccountState:
        """The account as it stands."""
        ...

    async def changes(self, account_id: str, since: int) -> ChangePage:
        """The changes after `since`, oldest first; the first of them when there are many."""
        ...


class Announcements(Protocol):
    """The changes of accounts as they are announced."""

    @property
    def live(self) -> bool:
        """Whether they are being heard now."""
        ...
