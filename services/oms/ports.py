"""What the handlers need of the world."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.kernel.ids import AccountId, PositionId
from services.oms.domain.decide import Attempt
from services.oms.domain.events import Event
from services.oms.domain.ledger import LedgerEntry
from services.oms.domain.market import Market
from services.oms.domain.orders import Fill, Order, Verdict
from services.oms.domain.state import Account, AccountState, Position
from services.oms.domain.valuation import Summary

NO_HASH = bytes(32)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An account as committed: its state, the version of its row, and the hash of its last journal entry."""

    state: AccountState
    version: int
    journal_hash: bytes


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One entry of the journal, as stored."""

    sequence: int
    payload: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class AccountCommit:
    """What one batch changes on one account. `version_before` 0: the account is new."""

    version_before: int
    after: Aggregate
    events: Sequence[Event]
    journal: Sequence[JournalRow]
    event_id: UUID
    changed: bytes

    @property
    def account_id(self) -> AccountId:
        """The account."""
        return self.after.state.account.account_id


OrderKey = tuple[AccountId, str]


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """An order that stands under a key."""

    order: Order
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class RecordedDeposit:
    """A cash movement that stands under a key."""

    entry: LedgerEntry
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the books hold under some keys, and positions that were asked for by id, open or closed."""

    orders: Mapping[OrderKey, RecordedOrder]
    deposits: Mapping[OrderKey, RecordedDeposit]
    positions: Mapping[PositionId, Position]


class VersionConflict(Exception):
    """Accounts were changed by somebody else since they were read. Nothing was committed."""

    def __init__(self, accounts: frozenset[AccountId]) -> None:
        super().__init__(f"{len(accounts)} accounts changed")
        self.accounts = accounts


class CommitRejected(Exception):
    """The books don't take what was to be committed: a constraint says no. Nothing was committed."""

    def __init__(self, constraint: str, message: str) -> None:
        super().__init__(message)
        self.constraint = constraint


class StoreFailed(Exception):
    """The books can't be reached or gave up. Nothing was committed."""


class CommitUnknown(Exception):
    """The connection died while committing: it was committed, or not."""


class Books(Protocol):
    """The books, as the order path uses them."""

    async def load(self, account_ids: Sequence[AccountId]) -> Mapping[AccountId, Aggregate]:
        """The accounts that exist. Raises StoreFailed."""
        ...

    async def find(
        self,
        orders: Sequence[OrderKey],
        deposits: Sequence[OrderKey],
        positions: Sequence[tuple[AccountId, PositionId]],
    ) -> Recorded:
        """What is on record under the keys. Raises StoreFailed."""
        ...

    async def commit(self, commits: Sequence[AccountCommit]) -> None:
        """Commits all or nothing. Raises VersionConflict, CommitRejected, StoreFailed or CommitUnknown."""
        ...

    async def was_committed(self, commits: Sequence[AccountCommit]) -> bool:
        """Whether an unknown commit happened; waits until it can't happen any more. Raises StoreFailed."""
        ...


class Venue(Protocol):
    """Routing and execution."""

    async def execute(self, attempts: Sequence[tuple[AccountState, Attempt]]) -> Sequence[Verdict]:
        """Routes and executes; a verdict for each attempt, in order. Raises EngineError when it can't say."""
        ...


class MarketSource(Protocol):
    """Where terms and quotes come from."""

    def snapshot(self) -> Market:
        """The market now. Quotes in it don't age; take a new one for each decision."""
        ...


class AccountRecord(Protocol):
    """The events of one account and commit, put into the words of the contracts."""

    def add(self, sequence: int, event: Event) -> bytes:
        """The journal entry of the next event."""
        ...

    def changed(self, summary: Summary) -> bytes:
        """What the other services are told of the events added."""
        ...


Recorder = Callable[[Account], AccountRecord]


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: at most `limit` rows before `before`, newest first."""

    limit: int
    before: UUID | None


@dataclass(frozen=True, slots=True)
class Change:
    """One stored journal entry."""

    sequence: int
    payload: bytes


class Reader(Protocol):
    """The books, as queries read them. All raise StoreFailed."""

    async def load_one(self, account_id: AccountId) -> Aggregate | None:
        """The account as committed."""
        ...

    async def version_of(self, account_id: AccountId) -> int | None:
        """The version of the account's row."""
        ...

    async def accounts_of(self, user_id: UUID) -> Sequence[AccountState]:
        """The accounts of a user, by number, without positions."""
        ...

    async def order(
        self, account_id: AccountId, *, order_id: UUID | None, client_order_id: str
    ) -> RecordedOrder | None:
        """One order, by its id or by the client's."""
        ...

    async def orders(self, account_id: AccountId, page: Page) -> Sequence[Order]:
        """Orders, newest first."""
        ...

    async def fills(self, account_id: AccountId, page: Page) -> Sequence[Fill]:
        """Fills, newest first."""
        ...

    async def entries(self, account_id: AccountId, page: Page) -> Sequence[LedgerEntry]:
        """Movements of money, newest first."""
        ...

    async def changes(self, account_id: AccountId, since: int, limit: int) -> tuple[Sequence[Change], int]:
        """Journal entries after `since`, oldest first, and the account's last sequence."""
        ...


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """An order and what it did. `replayed`: it had been recorded before."""

    order: Order
    fills: tuple[Fill, ...]
    summary: Summary | None
    currency: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class DepositOutcome:
    """A movement that is booked."""

    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class AccountOutcome:
    """An account that stands."""

    state: AccountState


Outcome = OrderOutcome | DepositOutcome | AccountOutcome
