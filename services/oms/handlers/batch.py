"""One batch of commands, from loading to the answer: optimistic group commit.

Nothing is answered before the commit that makes it durable. An account that was changed elsewhere meanwhile is decided
again; a batch that a constraint rejects is halved until the command to blame stands alone; a commit whose outcome is
unknown is asked after until it is known.

Most orders are asked for once, so the first round takes every key for a new one that is not remembered. The books know
better: a key that stands already rejects the commit, and the next round looks the keys up first. What would be answered
without a commit, an error, is looked up at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.kernel.clock import Now
from services.kernel.errors import EngineError, Kind
from services.kernel.ids import AccountId, NewId
from services.oms.domain.commands import ClosePosition, Deposit, OpenAccount, SubmitOrder
from services.oms.domain.decide import Context
from services.oms.domain.money import account_exists
from services.oms.handlers.cache import AggregateCache, RecordedCache
from services.oms.handlers.queue import Waiting
from services.oms.handlers.work import AccountWork, Step
from services.oms.ports import (
    AccountCommit,
    Books,
    CommitRejected,
    CommitUnknown,
    MarketSource,
    OrderKey,
    Recorded,
    RecordedOrder,
    Recorder,
    StoreFailed,
    Venue,
    VersionConflict,
)

ROUNDS_MAX = 8
RESOLVE_S = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
NUMBER_CONSTRAINT = "account_number_unique"
KEY_CONSTRAINT = "orders_client_order_id_unique"

_NOTHING = Recorded({}, {}, {})


@dataclass(frozen=True, slots=True)
class BatchRunner:
    """Runs batches. `committed` is called after each commit."""

    books: Books
    venue: Venue
    market: MarketSource
    recorder: Recorder
    cache: AggregateCache
    now: Now
    new_id: NewId
    committed: Callable[[], None]
    recorded: RecordedCache = field(default_factory=RecordedCache)

    async def run(self, batch: Sequence[Waiting]) -> None:
        """Decides, commits and answers every command of the batch."""
        todo = list(batch)
        for number in range(ROUNDS_MAX):
            if not todo:
                return
            todo = await self._round(todo, look_up=number > 0)
        for waiting in todo:
            waiting.settle(EngineError(Kind.UNAVAILABLE, "ACCOUNT_CONTENDED", "the account is changed too often"))

    async def _round(self, todo: list[Waiting], *, look_up: bool) -> list[Waiting]:
        """Returns the commands that must be decided again."""
        try:
            works = await self._load(todo)
            context = await self._decide(works, look_up=look_up)
        except StoreFailed:
            _fail_all(todo, _books_unavailable())
            return []
        again = [waiting for work in works for waiting in work.again]
        pairs = [(work, work.commit(self.recorder, self.new_id, context)) for work in works]
        for work, commit in pairs:
            if commit is None:
                work.settle()
        changed = [(work, commit) for work, commit in pairs if commit is not None]
        return await self._commit(changed, look_up=look_up) + again

    async def _decide(self, works: list[AccountWork], *, look_up: bool) -> Context:
        """Decides every step, and returns the context that it was decided in."""
        prepared = self._context()
        for work in works:
            work.prepare(prepared)
        recorded = await self._find(works, look_up=look_up)
        await self._execute(works, recorded)
        context = self._context()
        for work in works:
            work.complete(recorded, context)
        unsure = [] if look_up else [work for work in works if work.unsure()]
        if unsure:
            recorded = await self._find(unsure, look_up=True)
            for work in unsure:
                work.complete(recorded, context)
        return context

    def _context(self) -> Context:
        return Context(self.now(), self.market.snapshot(), self.new_id)

    async def _load(self, todo: list[Waiting]) -> list[AccountWork]:
        by_account: dict[AccountId, AccountWork] = {}
        missing: list[AccountId] = []
        for waiting in todo:
            account_id = waiting.command.account_id
            if account_id not in by_account:
                kept = self.cache.get(account_id)
                by_account[account_id] = AccountWork(account_id, kept)
                if kept is None:
                    missing.append(account_id)
            by_account[account_id].steps.append(Step(waiting))
        if missing:
            for account_id, aggregate in (await self.books.load(missing)).items():
                by_account[account_id].before = aggregate
        return list(by_account.values())

    async def _find(self, works: list[AccountWork], *, look_up: bool) -> Recorded:
        """What is on record; without looking up, of orders only what is remembered."""
        orders, deposits, positions = [], [], []
        known: dict[OrderKey, RecordedOrder] = {}
        for work in works:
            if work.before is None:
                continue
            for step in work.steps:
                command = step.waiting.command
                if isinstance(command, Deposit):
                    deposits.append((work.account_id, command.request_id))
                if not isinstance(command, SubmitOrder | ClosePosition):
                    continue
                key = (work.account_id, str(command.client_order_id))
                standing = self.recorded.get(key)
                if standing is not None:
                    known[key] = standing
                elif look_up:
                    orders.append(key)
                    if isinstance(command, ClosePosition) and command.position_id not in work.before.state.positions:
                        positions.append((work.account_id, command.position_id))
        found = await self.books.find(orders, deposits, positions) if orders or deposits else _NOTHING
        return Recorded({**known, **found.orders}, found.deposits, found.positions)

    async def _execute(self, works: list[AccountWork], recorded: Recorded) -> None:
        routed = [(work, step) for work in works for step in work.attempts(recorded)]
        if not routed:
            return
        items = [(work.before.state, step.prepared) for work, step in routed if work.before is not None]
        try:
            verdicts = await self.venue.execute(items)  # type: ignore[arg-type]
        except EngineError as error:
            for _, step in routed:
                step.verdict = error
            return
        for (_, step), verdict in zip(routed, verdicts, strict=True):
            step.verdict = verdict

    async def _commit(self, pairs: list[tuple[AccountWork, AccountCommit]], *, look_up: bool) -> list[Waiting]:
        """Commits what it can, answers it, and returns the commands that must be decided again."""
        if not pairs:
            return []
        try:
            await self.books.commit([commit for _, commit in pairs])
        except VersionConflict as conflict:
            return await self._after_conflict(pairs, conflict.accounts, look_up=look_up)
        except CommitRejected as rejected:
            if rejected.constraint == KEY_CONSTRAINT and not look_up:
                return _waiting(pairs)
            return await self._after_rejection(pairs, rejected, look_up=look_up)
        except StoreFailed:
            self._drop(pairs)
            _fail_works(pairs, _books_unavailable())
            return []
        except CommitUnknown:
            return await self._after_unknown(pairs)
        self._settle(pairs)
        return []

    def _settle(self, pairs: list[tuple[AccountWork, AccountCommit]]) -> None:
        for work, commit in pairs:
            self.cache.put(commit.after)
            self.recorded.put(work.account_id, work.recorded)
            work.settle()
        self.committed()

    async def _after_conflict(
        self, pairs: list[tuple[AccountWork, AccountCommit]], accounts: frozenset[AccountId], *, look_up: bool
    ) -> list[Waiting]:
        moved = [pair for pair in pairs if pair[0].account_id in accounts] or pairs
        self._drop(moved)
        moved_ids = {work.account_id for work, _ in moved}
        unmoved = [pair for pair in pairs if pair[0].account_id not in moved_ids]
        again = await self._commit(unmoved, look_up=look_up)
        return again + _waiting(moved)

    async def _after_rejection(
        self, pairs: list[tuple[AccountWork, AccountCommit]], rejected: CommitRejected, *, look_up: bool
    ) -> list[Waiting]:
        if len(pairs) > 1:
            half = len(pairs) // 2
            again = await self._commit(pairs[:half], look_up=look_up)
            return again + await self._commit(pairs[half:], look_up=look_up)
        work = pairs[0][0]
        self._drop(pairs)
        if len(work.steps) == 1:
            work.fail(_rejection(work, rejected))
            return []
        left: list[Waiting] = []
        for step in work.steps:
            left += await self._round([step.waiting], look_up=True)
        return left

    async def _after_unknown(self, pairs: list[tuple[AccountWork, AccountCommit]]) -> list[Waiting]:
        self._drop(pairs)
        commits = [commit for _, commit in pairs]
        for pause_s in RESOLVE_S:
            await asyncio.sleep(pause_s)
            try:
                happened = await self.books.was_committed(commits)
            except StoreFailed:
                continue
            if happened:
                self._settle(pairs)
                return []
            return _waiting(pairs)
        _fail_works(pairs, outcome_unknown())
        return []

    def _drop(self, pairs: list[tuple[AccountWork, AccountCommit]]) -> None:
        self.cache.drop(work.account_id for work, _ in pairs)


def outcome_unknown() -> EngineError:
    """It was carried out, or not."""
    return EngineError(Kind.UNAVAILABLE, "OUTCOME_UNKNOWN", "the books did not answer; the outcome is unknown")


def _books_unavailable() -> EngineError:
    return EngineError(Kind.UNAVAILABLE, "BOOKS_UNAVAILABLE", "the books can't be reached; nothing was done")


def _rejection(work: AccountWork, rejected: CommitRejected) -> EngineError:
    command = work.steps[0].waiting.command
    if rejected.constraint == NUMBER_CONSTRAINT and isinstance(command, OpenAccount):
        return account_exists("number", command.account.number)
    return EngineError(
        Kind.PRECONDITION, "COMMAND_NOT_RECORDABLE", "the books refuse the command", constraint=rejected.constraint
    )


def _waiting(pairs: list[tuple[AccountWork, AccountCommit]]) -> list[Waiting]:
    return [step.waiting for work, _ in pairs for step in work.steps]


def _fail_works(pairs: list[tuple[AccountWork, AccountCommit]], error: EngineError) -> None:
    for work, _ in pairs:
        work.fail(error)


def _fail_all(todo: list[Waiting], error: EngineError) -> None:
    for waiting in todo:
        waiting.settle(error)
