"""The order service's world in memory: books, venue, market."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from uuid import UUID

from services.kernel.conversion import BidAsk, pairs_of
from services.kernel.errors import EngineError
from services.kernel.ids import AccountId, ClientOrderId, PositionId, UserId, Uuid7Source
from services.kernel.instrument import Instrument, MarginMode
from services.kernel.money import Price, Quantity, Side
from services.oms.convert.journal import ContractRecord
from services.oms.domain.commands import ClosePosition, Deposit, OpenAccount, SubmitOrder
from services.oms.domain.decide import Attempt, Context
from services.oms.domain.events import MoneyBooked, OrderFilled, OrderRejected
from services.oms.domain.ledger import LedgerEntry
from services.oms.domain.market import Market, Terms
from services.oms.domain.orders import Execution, Fill, Order, OrderType, RejectReason, Route, Verdict
from services.oms.domain.state import Account, AccountState, Position, PositionMode
from services.oms.handlers.batch import BatchRunner
from services.oms.handlers.cache import AggregateCache
from services.oms.ports import (
    AccountCommit,
    Aggregate,
    Change,
    CommitRejected,
    CommitUnknown,
    OrderKey,
    Page,
    Recorded,
    RecordedDeposit,
    RecordedOrder,
    StoreFailed,
    VersionConflict,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROUTE = Route("B", "all-to-house", 1)
USER = UserId(UUID("018f4a00-0000-7000-8000-000000000001"))

QUOTES = {
    "EURUSD": BidAsk(Decimal("1.10000"), Decimal("1.10010")),
    "GBPUSD": BidAsk(Decimal("1.25000"), Decimal("1.25020")),
    "USDJPY": BidAsk(Decimal("150.000"), Decimal("150.010")),
    "XAUUSD": BidAsk(Decimal("2000.00"), Decimal("2000.50")),
    "US500": BidAsk(Decimal("5000.0"), Decimal("5000.5")),
    "BTCUSD": BidAsk(Decimal("60000.00"), Decimal("60010.00")),
}


def instrument(
    symbol: str, base: str, quote: str, digits: int, size: str, rate: str, mode: MarginMode = MarginMode.CFD
) -> Instrument:
    """An instrument with the usual limits."""
    lots = Quantity(Decimal("0.01"))
    return Instrument(
        symbol=symbol,
        base_currency=base,
        quote_currency=quote,
        digits=digits,
        contract_size=Decimal(size),
        min_quantity=lots,
        max_quantity=Quantity(Decimal(100)),
        quantity_step=lots,
        margin_mode=mode,
        margin_rate=Decimal(rate),
        quote_age_ms_max=5000,
        tradable=True,
        version=1,
    )


INSTRUMENTS = {
    made.symbol: made
    for made in (
        instrument("EURUSD", "EUR", "USD", 5, "100000", "0.0333", MarginMode.FOREX),
        instrument("GBPUSD", "GBP", "USD", 5, "100000", "0.0333", MarginMode.FOREX),
        instrument("USDJPY", "USD", "JPY", 3, "100000", "0.0333", MarginMode.FOREX),
        instrument("XAUUSD", "XAU", "USD", 2, "100", "0.05"),
        instrument("US500", "US500", "USD", 1, "1", "0.05"),
        instrument("BTCUSD", "BTC", "USD", 2, "1", "0.5"),
    )
}


@dataclass
class FakeMarket:
    """Quotes that stand until a test moves them. Symbols in `stale` have a last price but no fresh one."""

    quotes: dict[str, BidAsk] = field(default_factory=lambda: dict(QUOTES))
    stale: set[str] = field(default_factory=set)
    instruments: dict[str, Instrument] = field(default_factory=lambda: dict(INSTRUMENTS))
    leverages: dict[str, int] = field(default_factory=lambda: {"standard": 100})

    def snapshot(self) -> Market:
        """The market now."""
        quotes, stale = dict(self.quotes), set(self.stale)
        terms = Terms(dict(self.instruments), dict(self.leverages), pairs_of(self.instruments.values()))

        def fresh(symbol: str) -> BidAsk | None:
            return None if symbol in stale else quotes.get(symbol)

        return Market(terms, fresh, quotes.get, lambda symbol: f"7-{symbol}")

    def move(self, symbol: str, bid: str, ask: str) -> None:
        """Sets a quote."""
        self.quotes[symbol] = BidAsk(Decimal(bid), Decimal(ask))

    def change(self, symbol: str, **settings: object) -> None:
        """Changes an instrument."""
        self.instruments[symbol] = replace(self.instruments[symbol], **settings)  # type: ignore[arg-type]


@dataclass
class FakeVenue:
    """Fills at the market's quote; refuses or fails when told to."""

    market: FakeMarket
    refusal: RejectReason | None = None
    failure: EngineError | None = None
    batches: list[list[Attempt]] = field(default_factory=list)

    async def execute(self, attempts: Sequence[tuple[AccountState, Attempt]]) -> Sequence[Verdict]:
        """A verdict for each attempt."""
        self.batches.append([attempt for _, attempt in attempts])
        if self.failure is not None:
            raise self.failure
        return [self._verdict(attempt) for _, attempt in attempts]

    def _verdict(self, attempt: Attempt) -> Verdict:
        if self.refusal is not None:
            return self.refusal
        quote = self.market.quotes.get(attempt.symbol)
        if quote is None or attempt.symbol in self.market.stale:
            return RejectReason.PRICE_UNAVAILABLE
        price = quote.ask if attempt.side is Side.BUY else quote.bid
        return Execution(Price(price), f"7-{attempt.symbol}", 1000, ROUTE)


class MemoryBooks:
    """The books in memory: the same promises as PostgreSQL's, and faults on demand.

    `faults` are raised by the next commits, in order: before anything is done, or for `AfterCommit` after it was.
    """

    def __init__(self) -> None:
        self.aggregates: dict[AccountId, Aggregate] = {}
        self.order_rows: dict[OrderKey, RecordedOrder] = {}
        self.deposit_rows: dict[OrderKey, RecordedDeposit] = {}
        self.position_rows: dict[tuple[AccountId, PositionId], Position] = {}
        self.entry_rows: list[LedgerEntry] = []
        self.journal_rows: dict[AccountId, list[Change]] = {}
        self.hashes: dict[tuple[AccountId, int], bytes] = {}
        self.outbox: list[tuple[AccountId, bytes]] = []
        self.postings: list[tuple[str, str, Decimal]] = []
        self.commits: list[list[AccountCommit]] = []
        self.faults: list[Exception] = []
        self.load_fails = False
        self.resolve_fails = False
        self.refused_keys: set[str] = set()

    async def load(self, account_ids: Sequence[AccountId]) -> Mapping[AccountId, Aggregate]:
        """The accounts that exist."""
        if self.load_fails:
            raise StoreFailed("no books")
        return {key: self.aggregates[key] for key in account_ids if key in self.aggregates}

    async def find(
        self,
        orders: Sequence[OrderKey],
        deposits: Sequence[OrderKey],
        positions: Sequence[tuple[AccountId, PositionId]],
    ) -> Recorded:
        """What is on record under the keys."""
        if self.load_fails:
            raise StoreFailed("no books")
        return Recorded(
            {key: self.order_rows[key] for key in orders if key in self.order_rows},
            {key: self.deposit_rows[key] for key in deposits if key in self.deposit_rows},
            {key[1]: self.position_rows[key] for key in positions if key in self.position_rows},
        )

    async def commit(self, commits: Sequence[AccountCommit]) -> None:
        """Commits all or nothing."""
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and not isinstance(fault, AfterCommit):
            raise fault
        self._check(commits)
        for commit in commits:
            self._write(commit)
        self.commits.append(list(commits))
        if fault is not None:
            raise CommitUnknown("the line went dead")

    async def was_committed(self, commits: Sequence[AccountCommit]) -> bool:
        """Whether an unknown commit happened."""
        if self.resolve_fails:
            raise StoreFailed("no books")
        first = commits[0]
        return self.hashes.get((first.account_id, first.after.state.sequence)) == first.after.journal_hash

    async def load_one(self, account_id: AccountId) -> Aggregate | None:
        """The account as committed."""
        return self.aggregates.get(account_id)

    async def version_of(self, account_id: AccountId) -> int | None:
        """The version of the account's row."""
        found = self.aggregates.get(account_id)
        return None if found is None else found.version

    async def accounts_of(self, user_id: UUID) -> Sequence[AccountState]:
        """The accounts of a user, by number."""
        states = [made.state for made in self.aggregates.values() if made.state.account.user_id == user_id]
        return sorted(states, key=lambda state: state.account.number)

    async def order(
        self, account_id: AccountId, *, order_id: UUID | None, client_order_id: str
    ) -> RecordedOrder | None:
        """One order, by its id or by the client's."""
        if order_id is None:
            return self.order_rows.get((account_id, client_order_id))
        mine = (row for (owner, _), row in self.order_rows.items() if owner == account_id)
        return next((row for row in mine if row.order.order_id == order_id), None)

    async def orders(self, account_id: AccountId, page: Page) -> Sequence[Order]:
        """Orders, newest first."""
        rows: dict[UUID, Order] = {
            row.order.order_id: row.order for (owner, _), row in self.order_rows.items() if owner == account_id
        }
        return [rows[key] for key in _paged(rows, page)]

    async def fills(self, account_id: AccountId, page: Page) -> Sequence[Fill]:
        """Fills, newest first."""
        rows: dict[UUID, Fill] = {
            fill.fill_id: fill
            for (owner, _), row in self.order_rows.items()
            if owner == account_id
            for fill in row.fills
        }
        return [rows[key] for key in _paged(rows, page)]

    async def entries(self, account_id: AccountId, page: Page) -> Sequence[LedgerEntry]:
        """Movements of money, newest first."""
        rows: dict[UUID, LedgerEntry] = {
            entry.transaction_id: entry for entry in self.entry_rows if entry.account_id == account_id
        }
        return [rows[key] for key in _paged(rows, page)]

    async def changes(self, account_id: AccountId, since: int, limit: int) -> tuple[Sequence[Change], int]:
        """Journal entries after `since`, oldest first, and the account's last sequence."""
        rows = self.journal_rows.get(account_id, [])
        return [row for row in rows if row.sequence > since][:limit], rows[-1].sequence if rows else 0

    def _check(self, commits: Sequence[AccountCommit]) -> None:
        moved = [commit.account_id for commit in commits if commit.version_before != self._version(commit.account_id)]
        if any(commit.version_before == 0 and commit.account_id in moved for commit in commits):
            raise CommitRejected("account_pkey", "the account exists")
        if moved:
            raise VersionConflict(frozenset(moved))
        for commit in commits:
            self._check_numbers(commit)
            self._check_keys(commit)

    def _check_numbers(self, commit: AccountCommit) -> None:
        account = commit.after.state.account
        for other in self.aggregates.values():
            theirs = other.state.account
            if theirs.account_id != account.account_id and (theirs.tenant, theirs.number) == (
                account.tenant,
                account.number,
            ):
                raise CommitRejected("account_number_unique", "the number is taken")

    def _check_keys(self, commit: AccountCommit) -> None:
        for event in commit.events:
            if isinstance(event, OrderFilled | OrderRejected):
                key = (commit.account_id, str(event.order.client_order_id))
                if key in self.order_rows or key[1] in self.refused_keys:
                    raise CommitRejected("orders_client_order_id_unique", "the key is taken")

    def _version(self, account_id: AccountId) -> int:
        found = self.aggregates.get(account_id)
        return 0 if found is None else found.version

    def _write(self, commit: AccountCommit) -> None:
        account_id = commit.account_id
        self.aggregates[account_id] = commit.after
        journal = self.journal_rows.setdefault(account_id, [])
        journal += [Change(row.sequence, row.payload) for row in commit.journal]
        self.hashes.update({(account_id, row.sequence): row.hash for row in commit.journal})
        self.outbox.append((account_id, commit.changed))
        for event in commit.events:
            match event:
                case OrderRejected(order=order):
                    self.order_rows[account_id, str(order.client_order_id)] = RecordedOrder(order, ())
                case OrderFilled(order=order, fill=fill):
                    self.order_rows[account_id, str(order.client_order_id)] = RecordedOrder(order, (fill,))
                case MoneyBooked(entry=entry):
                    self._book(account_id, event, entry)
                case _ if hasattr(event, "position"):
                    self.position_rows[account_id, event.position.position_id] = event.position

    def _book(self, account_id: AccountId, event: MoneyBooked, entry: LedgerEntry) -> None:
        self.entry_rows.append(entry)
        self.postings += [(p.ledger_account, p.currency, p.amount) for p in event.postings]
        if event.request_id:
            self.deposit_rows[account_id, event.request_id] = RecordedDeposit(entry, event.request_hash)


class AfterCommit(Exception):
    """A fault of `MemoryBooks`: the commit happens, its answer is lost."""


def _paged(rows: Mapping[UUID, object], page: Page) -> list[UUID]:
    keys = sorted((key for key in rows if page.before is None or key < page.before), reverse=True)
    return keys[: page.limit]


@dataclass
class World:
    """A batch runner and all that it meets."""

    books: MemoryBooks = field(default_factory=MemoryBooks)
    market: FakeMarket = field(default_factory=FakeMarket)
    cache: AggregateCache = field(default_factory=lambda: AggregateCache(1000))
    wakes: list[int] = field(default_factory=list)
    venue: FakeVenue = field(init=False)
    runner: BatchRunner = field(init=False)

    def __post_init__(self) -> None:
        self.venue = FakeVenue(self.market)
        self.runner = self.replica(self.cache)

    def replica(self, cache: AggregateCache) -> BatchRunner:
        """Another process on the same books."""
        return BatchRunner(
            books=self.books,
            venue=self.venue,
            market=self.market,
            recorder=ContractRecord,
            cache=cache,
            now=lambda: NOW,
            new_id=ids(),
            committed=lambda: self.wakes.append(1),
        )


_sources = count(1)


def ids() -> Uuid7Source:
    """Ids that are the same in every run, and differ from those of any other source."""
    salt = next(_sources).to_bytes(8, "big")
    return Uuid7Source(now_ns=lambda: 1_800_000_000_000_000_000, entropy=lambda _: salt)


def context(market: FakeMarket | None = None, now: datetime = NOW) -> Context:
    """What deciding needs."""
    return Context(now, (market or FakeMarket()).snapshot(), ids())


def account_id(number: int) -> AccountId:
    """The id of the test account of a number."""
    return AccountId(UUID(int=(0x018F4A00_0000_7000_8000 << 48) + number))


def account(number: int = 1, *, currency: str = "USD", mode: PositionMode = PositionMode.HEDGING) -> Account:
    """A test account."""
    return Account(account_id(number), "demo", USER, f"D-{number}", currency, mode, "standard", NOW)


def opening(number: int = 1, *, currency: str = "USD", mode: PositionMode = PositionMode.HEDGING) -> OpenAccount:
    """Asks for a test account."""
    return OpenAccount(account(number, currency=currency, mode=mode))


def paying(number: int = 1, amount: str = "100000", key: str = "pay-1") -> Deposit:
    """Asks for a deposit."""
    return Deposit(account_id(number), key, amount.rjust(32, "0").encode(), Decimal(amount))


def order(
    key: str = "order-1", symbol: str = "EURUSD", side: Side = Side.BUY, quantity: str = "1", number: int = 1
) -> SubmitOrder:
    """Asks for a market order; different bodies have different hashes."""
    digest = f"{symbol}{side.value}{quantity}".rjust(32, "0").encode()
    lots = Quantity(Decimal(quantity))
    return SubmitOrder(account_id(number), ClientOrderId(key), digest, symbol, side, OrderType.MARKET, lots)


def closing(key: str, position_id: PositionId, quantity: str | None = None, number: int = 1) -> ClosePosition:
    """Asks to close a position."""
    digest = f"{position_id.hex[-20:]}{quantity}".rjust(32, "0").encode()
    lots = None if quantity is None else Quantity(Decimal(quantity))
    return ClosePosition(account_id(number), ClientOrderId(key), digest, position_id, lots)
