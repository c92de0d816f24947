"""Any history of an account keeps the invariants, whatever the market and the venue do; against a naive model."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.kernel.conversion import Flow
from services.kernel.errors import EngineError
from services.kernel.money import Side, quantise
from services.kernel.pnl import profit
from services.oms.convert.journal import event_of_payload
from services.oms.domain.commands import Command
from services.oms.domain.events import apply
from services.oms.domain.orders import OrderState, RejectReason
from services.oms.domain.state import AccountState, PositionMode, exposures_of
from services.oms.domain.valuation import summarise
from services.oms.handlers.cache import AggregateCache
from services.oms.handlers.queue import Waiting
from services.oms.ports import CommitUnknown, OrderOutcome
from tests.fakes.oms import INSTRUMENTS, NOW, AfterCommit, World, account_id, closing, opening, order, paying

SYMBOLS = ("EURUSD", "USDJPY", "XAUUSD")
ACCOUNTS = {1: (PositionMode.HEDGING, "USD"), 2: (PositionMode.NETTING, "EUR"), 3: (PositionMode.HEDGING, "JPY")}


class History(RuleBasedStateMachine):
    """Trades, deposits, price moves, faults and crashes, with a model that only knows fills and money."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.number = 0
        self.net: dict[tuple[int, str], Decimal] = {}
        self.money: dict[int, Decimal] = dict.fromkeys(ACCOUNTS, Decimal(0))
        self.flows: dict[str, Decimal] = {}
        self.keys: list[tuple[int, Any, Any]] = []

    def send(self, *commands: Command) -> list[Any]:
        """One batch."""

        async def run() -> list[Any]:
            waiting = [Waiting(command, 0.0, asyncio.get_running_loop().create_future()) for command in commands]
            await self.world.runner.run(waiting)
            return list(await asyncio.gather(*(one.answer for one in waiting), return_exceptions=True))

        return asyncio.run(run())

    def key(self) -> str:
        """A new key."""
        self.number += 1
        return f"k{self.number}"

    @initialize()
    def open_accounts(self) -> None:
        for number, (mode, currency) in ACCOUNTS.items():
            self.send(opening(number, mode=mode, currency=currency), paying(number, "20000"))
            self.money[number] += 20000

    @rule(
        number=st.sampled_from(sorted(ACCOUNTS)),
        symbols=st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=4),
        side=st.sampled_from(Side),
        lots=st.integers(1, 60),
    )
    def trade(self, number: int, symbols: list[str], side: Side, lots: int) -> None:
        commands = [order(self.key(), symbol, side, str(Decimal(lots) / 100), number) for symbol in symbols]
        for command, answer in zip(commands, self.send(*commands), strict=True):
            self.note(number, command, answer)

    @rule(number=st.sampled_from(sorted(ACCOUNTS)), which=st.integers(0, 9), part=st.booleans())
    def close(self, number: int, which: int, part: bool) -> None:
        positions = list(self.state(number).positions.values())
        if not positions:
            return
        position = positions[which % len(positions)]
        quantity = "0.01" if part else None
        command = closing(self.key(), position.position_id, quantity, number)
        (answer,) = self.send(command)
        self.note(number, command, answer)

    @rule(number=st.sampled_from(sorted(ACCOUNTS)), amount=st.integers(1, 5000))
    def pay(self, number: int, amount: int) -> None:
        self.send(paying(number, str(amount), self.key()))
        self.money[number] += amount

    @rule(symbol=st.sampled_from((*SYMBOLS, "GBPUSD")), ticks=st.integers(-2000, 2000))
    def move(self, symbol: str, ticks: int) -> None:
        quote = self.world.market.quotes[symbol]
        step = Decimal(ticks).scaleb(-INSTRUMENTS[symbol].digits)
        if quote.bid + step > 0:
            self.world.market.move(symbol, str(quote.bid + step), str(quote.ask + step))

    @rule(symbol=st.sampled_from(SYMBOLS))
    def go_stale_or_fresh(self, symbol: str) -> None:
        self.world.market.stale ^= {symbol}

    @rule(reason=st.sampled_from([None, RejectReason.NO_ROUTE, RejectReason.PRICE_UNAVAILABLE]))
    def venue(self, reason: RejectReason | None) -> None:
        self.world.venue.refusal = reason

    @rule(fault=st.sampled_from([CommitUnknown, AfterCommit]))
    def lose_the_next_commits_answer(self, fault: type[Exception]) -> None:
        self.world.books.faults = [fault()]

    @rule()
    def crash(self) -> None:
        self.world.cache = AggregateCache(10)
        self.world.runner = self.world.replica(self.world.cache)

    @rule(which=st.integers(0, 99))
    def ask_again(self, which: int) -> None:
        if not self.keys:
            return
        _, command, first = self.keys[which % len(self.keys)]
        (again,) = self.send(command)
        assert isinstance(again, OrderOutcome)
        assert again.replayed
        assert (again.order, again.fills) == (first.order, first.fills)

    def state(self, number: int) -> AccountState:
        """The account as the books have it."""
        return self.world.books.aggregates[account_id(number)].state

    def note(self, number: int, command: Any, answer: Any) -> None:
        """Takes the fills into the model."""
        assert not isinstance(answer, EngineError), answer
        assert isinstance(answer, OrderOutcome)
        assert answer.order.state in (OrderState.FILLED, OrderState.REJECTED)
        assert sum((fill.quantity.value for fill in answer.fills), Decimal(0)) == answer.order.filled_quantity.value
        self.keys.append((number, command, answer))
        for fill in answer.fills:
            key = (number, fill.symbol)
            self.net[key] = self.net.get(key, Decimal(0)) + fill.side.sign * fill.quantity.value
            self.money[number] += fill.realized_pnl
            instrument = INSTRUMENTS[fill.symbol]
            flow = -fill.side.sign * fill.quantity.value * fill.price.value * instrument.contract_size
            self.flows[instrument.quote_currency] = self.flows.get(instrument.quote_currency, Decimal(0)) + flow

    @invariant()
    def postings_sum_to_zero_in_each_currency(self) -> None:
        totals: dict[str, Decimal] = {}
        for _, currency, amount in self.world.books.postings:
            totals[currency] = totals.get(currency, Decimal(0)) + amount
        assert all(total == 0 for total in totals.values()), totals

    @invariant()
    def balances_are_the_sum_of_their_postings_and_of_what_was_told(self) -> None:
        for number in ACCOUNTS:
            if account_id(number) in self.world.books.aggregates:
                name = f"client:{account_id(number)}"
                posted = sum((amount for owner, _, amount in self.world.books.postings if owner == name), Decimal(0))
                assert self.state(number).balance == posted == self.money[number]

    @invariant()
    def positions_are_the_sum_of_signed_fills(self) -> None:
        for number in ACCOUNTS:
            for symbol in SYMBOLS:
                if account_id(number) in self.world.books.aggregates:
                    held = [one for one in self.state(number).positions.values() if one.symbol == symbol]
                    net = sum((one.side.sign * one.quantity.value for one in held), Decimal(0))
                    assert net == self.net.get((number, symbol), 0)
                    assert len(held) <= 1 or ACCOUNTS[number][0] is PositionMode.HEDGING

    @invariant()
    def the_house_pays_what_the_fills_say(self) -> None:
        """Cash flows of all fills, plus what is still open at its price, are what was realised, exactly."""
        realised = dict(self.flows)
        for aggregate in self.world.books.aggregates.values():
            for one in aggregate.state.positions.values():
                instrument = INSTRUMENTS[one.symbol]
                cost = one.side.sign * one.quantity.value * one.open_price.value * instrument.contract_size
                currency = instrument.quote_currency
                realised[currency] = realised.get(currency, Decimal(0)) + cost
        for currency, amount in realised.items():
            rows = self.world.books.postings
            paid = sum((p for name, c, p in rows if (name, c) == ("house:trading", currency)), Decimal(0))
            # Average prices of netted positions have 34 digits.
            assert abs(amount + paid) < Decimal("1e-15")

    @invariant()
    def journals_are_dense_and_replay_to_the_state(self) -> None:
        for owner, rows in self.world.books.journal_rows.items():
            assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
            state = None
            for row in rows:
                state = apply(state, event_of_payload(row.payload)[1])
            assert state == self.world.books.aggregates[owner].state

    @invariant()
    def figures_are_those_of_a_naive_computation(self) -> None:
        market = self.world.market.snapshot()
        for aggregate in self.world.books.aggregates.values():
            state = aggregate.state
            assert dict(state.exposures) == exposures_of(state.positions)
            summary = summarise(state, market, NOW)
            assert summary.equity == state.balance + self.naive_profit(state)
            assert summary.free_margin == summary.equity - summary.margin_used

    def naive_profit(self, state: AccountState) -> Decimal:
        """Position by position, then rounded once a symbol."""
        market, total = self.world.market.snapshot(), Decimal(0)
        for symbol in SYMBOLS:
            held = [one for one in state.positions.values() if one.symbol == symbol]
            if held:
                quote, instrument = self.world.market.quotes[symbol], INSTRUMENTS[symbol]
                exact = Decimal(0)
                for one in held:
                    price = quote.bid if one.side is Side.BUY else quote.ask
                    closed = type(one.open_price)(price)
                    exact += profit(instrument, one.side, one.quantity, one.open_price, closed)
                flow = Flow.GAIN if exact >= 0 else Flow.LOSS
                rate = market.last_rate(instrument.quote_currency, state.account.currency, flow)
                assert rate is not None
                total += quantise(exact * rate, state.account.currency)
        return total


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_any_history_keeps_the_invariants() -> None:
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
