"""One account's part of a batch: its commands, decided one after another, and what they change."""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import datetime

from services.kernel.errors import EngineError, Kind
from services.kernel.ids import AccountId, NewId
from services.oms.domain.commands import ClosePosition, Command, Deposit, OpenAccount, SubmitOrder
from services.oms.domain.decide import Attempt, Context, Refused, complete, position_unknown, prepare, refuse_closed
from services.oms.domain.events import AccountOpened, Event, MoneyBooked, OrderFilled, OrderRejected, apply
from services.oms.domain.money import account_unknown, deposit, open_account
from services.oms.domain.orders import RejectReason, Verdict
from services.oms.domain.state import AccountState
from services.oms.domain.valuation import Summary, summarise
from services.oms.handlers.queue import Waiting
from services.oms.ports import (
    NO_HASH,
    AccountCommit,
    AccountOutcome,
    Aggregate,
    DepositOutcome,
    JournalRow,
    OrderOutcome,
    Outcome,
    Recorded,
    RecordedDeposit,
    RecordedOrder,
    Recorder,
)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Step:
    """A command in a batch. `prepared` is None for one that is decided when the batch completes."""

    waiting: Waiting
    prepared: Attempt | Refused | EngineError | None = None
    verdict: Verdict | EngineError | None = None
    result: Outcome | EngineError | None = None


class DecideAgain(Exception):
    """The state moved under the command: it is prepared again in the next round, with those behind it."""


@dataclass(slots=True)
class AccountWork:
    """The steps of one account, and the state as they change it."""

    account_id: AccountId
    before: Aggregate | None
    steps: list[Step] = field(default_factory=list)
    state: AccountState | None = None
    events: list[Event] = field(default_factory=list)
    again: list[Waiting] = field(default_factory=list)
    recorded: dict[str, RecordedOrder] = field(default_factory=dict)
    _deposits: dict[str, RecordedDeposit] = field(default_factory=dict)
    _summary: Summary | None = None

    def prepare(self, context: Context) -> None:
        """The first step of each trade: can it be an order, and what is to be routed."""
        state = self.before.state if self.before else None
        for number, step in enumerate(self.steps):
            command = step.waiting.command
            if state is not None and isinstance(command, SubmitOrder | ClosePosition):
                try:
                    step.prepared = prepare(state, command, context, settled=number == 0)
                except EngineError as error:
                    step.prepared = error
                except (ArithmeticError, ValueError):
                    _log.exception("command not prepared")
                    step.prepared = undecidable()

    def attempts(self, recorded: Recorded) -> list[Step]:
        """The steps that are to be routed: what is on record is not executed again."""
        return [
            step
            for step in self.steps
            if isinstance(step.prepared, Attempt)
            and (self.account_id, step.prepared.command.client_order_id) not in recorded.orders
        ]

    def unsure(self) -> bool:
        """Whether a trade would be answered with an error though it may be on record."""
        return self.before is not None and any(
            isinstance(step.result, EngineError) and isinstance(step.waiting.command, SubmitOrder | ClosePosition)
            for step in self.steps
        )

    def complete(self, recorded: Recorded, context: Context) -> None:
        """Decides every step on the state that those before it left. What was decided before is forgotten."""
        self.state = self.before.state if self.before else None
        self.events, self.recorded, self._deposits, self._summary = [], {}, {}, None
        for number, step in enumerate(self.steps):
            try:
                step.result = self._decide(step, recorded, context)
            except EngineError as error:
                step.result = error
            except (ArithmeticError, ValueError):
                # A figure that can't be: only its own command fails.
                _log.exception("command not decided")
                step.result = undecidable()
            except DecideAgain:
                self.again = [later.waiting for later in self.steps[number:]] + self.again
                del self.steps[number:]
                return

    def commit(self, recorder: Recorder, new_id: NewId, context: Context) -> AccountCommit | None:
        """What is to be committed; None when nothing changed."""
        if self.state is None or not self.events:
            return None
        before, record = self.before, recorder(self.state.account)
        digest, journal = before.journal_hash if before else NO_HASH, []
        sequence = self.state.sequence - len(self.events)
        for event in self.events:
            sequence += 1
            payload = record.add(sequence, event)
            digest = hashlib.sha256(digest + payload).digest()
            journal.append(JournalRow(sequence, payload, digest))
        summary = self._summary or summarise(self.state, context.market, context.now)
        version = before.version if before else 0
        return AccountCommit(
            version_before=version,
            after=Aggregate(self.state, version + 1, digest),
            events=self.events,
            journal=journal,
            event_id=new_id(),
            changed=record.changed(summary),
        )

    def settle(self) -> None:
        """Answers every step. Called when what was decided is durable."""
        for step in self.steps:
            if step.result is not None:
                step.waiting.settle(step.result)

    def fail(self, error: EngineError) -> None:
        """Answers every step with the error."""
        for step in self.steps:
            step.waiting.settle(error)

    def _decide(self, step: Step, recorded: Recorded, context: Context) -> Outcome:
        command = step.waiting.command
        if isinstance(command, OpenAccount):
            return self._open(command, context.now)
        if self.state is None:
            raise account_unknown(command.account_id)
        if isinstance(command, Deposit):
            return self._deposit(command, recorded, context)
        return self._replayed(command, recorded) or self._trade(step, command, recorded, context)

    def _open(self, command: OpenAccount, now: datetime) -> Outcome:
        opened = open_account(self.state, command, now)
        if opened is not None:
            self._record([opened])
        assert self.state is not None
        return AccountOutcome(self.state)

    def _deposit(self, command: Deposit, recorded: Recorded, context: Context) -> Outcome:
        standing = self._deposits.get(command.request_id) or recorded.deposits.get(
            (self.account_id, command.request_id)
        )
        if standing is not None:
            if standing.request_hash == command.request_hash:
                return DepositOutcome(standing.entry)
            raise reused("REQUEST_ID_REUSED", "request_id", command.request_id)
        assert self.state is not None
        booked = deposit(self.state, command, context.now, context.new_id)
        self._record([booked])
        self._deposits[command.request_id] = RecordedDeposit(booked.entry, command.request_hash)
        return DepositOutcome(booked.entry)

    def _replayed(self, command: Command, recorded: Recorded) -> OrderOutcome | None:
        assert isinstance(command, SubmitOrder | ClosePosition)
        key = command.client_order_id
        standing = self.recorded.get(key) or recorded.orders.get((self.account_id, key))
        if standing is None:
            return None
        if standing.order.request_hash != command.request_hash:
            raise reused("CLIENT_ORDER_ID_REUSED", "client_order_id", key)
        return OrderOutcome(standing.order, standing.fills, None, self._currency(), replayed=True)

    def _trade(
        self, step: Step, command: SubmitOrder | ClosePosition, recorded: Recorded, context: Context
    ) -> OrderOutcome:
        assert self.state is not None
        prepared = self._prepared(step, command, recorded, context)
        if isinstance(prepared, Attempt) and isinstance(step.verdict, EngineError):
            raise step.verdict
        verdict = step.verdict if step.verdict is not None else RejectReason.NO_ROUTE
        assert not isinstance(verdict, EngineError)
        events = complete(self.state, prepared, verdict, context)
        if events is None:
            raise DecideAgain
        self._record(events)
        return self._outcome(events, context)

    def _prepared(
        self, step: Step, command: SubmitOrder | ClosePosition, recorded: Recorded, context: Context
    ) -> Attempt | Refused:
        if step.prepared is None:
            raise DecideAgain  # Its account was opened by a step before it.
        if not isinstance(step.prepared, EngineError):
            return step.prepared
        if isinstance(command, ClosePosition) and step.prepared.reason == position_unknown(command).reason:
            closed = recorded.positions.get(command.position_id)
            if closed is not None:
                return refuse_closed(command, closed, context)
        raise step.prepared

    def _outcome(self, events: list[Event], context: Context) -> OrderOutcome:
        assert self.state is not None
        last = events[0] if isinstance(events[0], OrderRejected) else events[1]
        assert isinstance(last, OrderRejected | OrderFilled)
        fills = (last.fill,) if isinstance(last, OrderFilled) else ()
        self.recorded[last.order.client_order_id] = RecordedOrder(last.order, fills)
        self._summary = summarise(self.state, context.market, context.now)
        return OrderOutcome(last.order, fills, self._summary, self._currency(), replayed=False)

    def _record(self, events: list[Event]) -> None:
        for event in events:
            self.state = apply(self.state, event)
            self.events.append(event)
            if isinstance(event, AccountOpened | MoneyBooked):
                self._summary = None

    def _currency(self) -> str:
        assert self.state is not None
        return self.state.account.currency


def reused(reason: str, field_name: str, key: str) -> EngineError:
    """The key stands for something else."""
    return EngineError(
        Kind.CONFLICT, reason, f"{field_name} {key} was used for something else", field=field_name, key=key
    )


def undecidable() -> EngineError:
    """The arithmetic fails for the command; nothing was done."""
    return EngineError(Kind.PRECONDITION, "COMMAND_NOT_DECIDABLE", "the figures of the command can't be computed")
