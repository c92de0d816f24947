"""Deciding trades: what becomes of an order, in a table."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from services.kernel.errors import EngineError
from services.kernel.ids import AccountId, PositionId
from services.kernel.money import Price, Quantity, Side, text
from services.oms.domain.commands import TradeCommand
from services.oms.domain.decide import Attempt, Refused, complete, prepare, refuse_closed
from services.oms.domain.events import (
    AccountOpened,
    Event,
    MoneyBooked,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    PositionChanged,
    apply,
)
from services.oms.domain.money import deposit
from services.oms.domain.orders import Execution, OrderState, RejectReason, Verdict
from services.oms.domain.state import AccountState, PositionMode
from tests.fakes.oms import NOW, ROUTE, FakeMarket, account, closing, context, ids, order, paying

HEDGING, NETTING = PositionMode.HEDGING, PositionMode.NETTING


def funded(amount: str = "100000", *, mode: PositionMode = HEDGING, currency: str = "USD") -> AccountState:
    """An account with money."""
    state = apply(None, AccountOpened(account(mode=mode, currency=currency), NOW))
    return apply(state, deposit(state, paying(amount=amount), NOW, ids()))


def executed(market: FakeMarket, attempt: Attempt, price: str | None = None) -> Execution:
    """A fill at the market's quote, or at a price."""
    quote = market.quotes[attempt.symbol]
    at = Decimal(price) if price else quote.ask if attempt.side is Side.BUY else quote.bid
    return Execution(Price(at), f"7-{attempt.symbol}", 1000, ROUTE)


def decided(
    state: AccountState, command: TradeCommand, market: FakeMarket | None = None, verdict: Verdict | None = None
) -> tuple[AccountState, list[Event]]:
    """The state after the command, and its events."""
    market = market or FakeMarket()
    attempt = prepare(state, command, context(market), settled=True)
    answered = RejectReason.NO_ROUTE if isinstance(attempt, Refused) else verdict or executed(market, attempt)
    events = complete(state, attempt, answered, context(market))
    assert events is not None
    for event in events:
        state = apply(state, event)
    return state, events


def rejected(events: list[Event]) -> RejectReason:
    """Why the order was refused, once it is clear that nothing else happened."""
    (only,) = events
    assert isinstance(only, OrderRejected)
    assert only.order.state is OrderState.REJECTED
    assert not only.order.filled_quantity
    return only.order.reject_reason


def last_position(state: AccountState) -> PositionId:
    """The position that was opened last."""
    return list(state.positions)[-1]


def booked(events: list[Event]) -> Decimal:
    """The money that the events book."""
    return sum((event.entry.amount for event in events if isinstance(event, MoneyBooked)), Decimal(0))


def test_submit_when_there_is_margin_then_accepts_fills_and_opens() -> None:
    state, events = decided(funded(), order(quantity="1"))
    assert [type(event) for event in events] == [OrderAccepted, OrderFilled, PositionChanged]
    (position,) = state.positions.values()
    assert (position.side, position.quantity.value, text(position.open_price.value)) == (Side.BUY, 1, "1.10010")
    filled = events[1]
    assert isinstance(filled, OrderFilled)
    assert filled.order.state is OrderState.FILLED
    assert filled.order.average_price == filled.fill.price
    assert (filled.fill.position_id, filled.fill.realized_pnl) == (position.position_id, 0)
    assert filled.route == ROUTE


def test_submit_when_selling_then_fills_at_the_bid() -> None:
    state, _ = decided(funded(), order(side=Side.SELL))
    (position,) = state.positions.values()
    assert (position.side, text(position.open_price.value)) == (Side.SELL, "1.10000")


def test_close_when_whole_then_realises_the_exact_profit() -> None:
    market = FakeMarket()
    state, _ = decided(funded(), order(quantity="1"), market)
    market.move("EURUSD", "1.10123", "1.10133")
    state, events = decided(state, closing("close", last_position(state)), market)
    assert [type(event) for event in events] == [OrderAccepted, OrderFilled, PositionChanged, MoneyBooked]
    assert booked(events) == Decimal("113.00")
    assert state.balance == Decimal("100113.00")
    assert not state.positions
    assert not state.exposures
    accepted = events[0]
    assert isinstance(accepted, OrderAccepted)
    assert accepted.check is None
    assert accepted.order.side is Side.SELL
    assert accepted.order.position_id is not None


def test_close_when_a_part_then_the_rest_stays_at_its_price() -> None:
    market = FakeMarket()
    state, _ = decided(funded(), order(quantity="1"), market)
    market.move("EURUSD", "1.10110", "1.10120")
    state, events = decided(state, closing("close", last_position(state), "0.4"), market)
    assert booked(events) == Decimal("40.00")
    (position,) = state.positions.values()
    assert (position.quantity.value, text(position.open_price.value)) == (Decimal("0.6"), "1.10010")


def test_close_when_the_quote_currency_differs_then_a_loss_converts_at_the_worse_side() -> None:
    state, _ = decided(funded(), order(symbol="USDJPY", side=Side.SELL))
    _, events = decided(state, closing("close", last_position(state)))
    filled = events[1]
    assert isinstance(filled, OrderFilled)
    assert filled.fill.conversion_rate == 1 / Decimal("150.000")
    assert filled.fill.realized_pnl == Decimal("-6.67")
    assert booked(events) == Decimal("-6.67")


def test_close_when_the_price_did_not_move_then_books_no_money() -> None:
    market = FakeMarket()
    state, _ = decided(funded(), order(), market)
    market.move("EURUSD", "1.10010", "1.10020")
    _, events = decided(state, closing("close", last_position(state)), market)
    assert [type(event) for event in events] == [OrderAccepted, OrderFilled, PositionChanged]


def test_hedging_when_opposite_then_positions_stand_side_by_side() -> None:
    state, _ = decided(funded(), order("one"))
    state, _ = decided(state, order("two", side=Side.SELL))
    assert [position.side for position in state.positions.values()] == [Side.BUY, Side.SELL]


def test_netting_when_opposite_and_larger_then_closes_and_opens_with_one_fill() -> None:
    market = FakeMarket()
    state, _ = decided(funded(mode=NETTING), order("one", quantity="1"), market)
    before = last_position(state)
    market.move("EURUSD", "1.10020", "1.10030")
    state, events = decided(state, order("two", side=Side.SELL, quantity="3"), market)
    kinds = [type(event) for event in events]
    assert kinds == [OrderAccepted, OrderFilled, PositionChanged, PositionChanged, MoneyBooked]
    (position,) = state.positions.values()
    assert (position.side, position.quantity.value, text(position.open_price.value)) == (Side.SELL, 2, "1.10020")
    assert position.position_id != before
    filled = events[1]
    assert isinstance(filled, OrderFilled)
    assert filled.fill.position_id == before
    assert filled.fill.realized_pnl == Decimal("10.00")


@pytest.mark.parametrize(
    ("change", "command", "reason"),
    [
        ({}, order(quantity="50"), RejectReason.MARGIN_INSUFFICIENT),
        ({"stale": {"EURUSD"}}, order(), RejectReason.PRICE_UNAVAILABLE),
        ({"tradable": False}, order(), RejectReason.INSTRUMENT_DISABLED),
    ],
)
def test_submit_when_it_may_not_be_then_records_a_rejection(
    change: dict[str, object], command: TradeCommand, reason: RejectReason
) -> None:
    market = FakeMarket(stale=change.get("stale", set()))  # type: ignore[arg-type]
    market.change("EURUSD", tradable=change.get("tradable", True))
    state, events = decided(funded(), command, market)
    assert rejected(events) is reason
    assert state.sequence == 3
    assert state.balance == 100000


@pytest.mark.parametrize("reason", [RejectReason.NO_ROUTE, RejectReason.PRICE_UNAVAILABLE])
def test_submit_when_the_venue_refuses_then_records_its_reason(reason: RejectReason) -> None:
    assert rejected(decided(funded(), order(), verdict=reason)[1]) is reason


def test_submit_when_margin_is_short_then_the_rejection_shows_the_figures() -> None:
    _, events = decided(funded("1000"), order(quantity="1"))
    (refused,) = events
    assert isinstance(refused, OrderRejected)
    assert refused.check is not None
    assert refused.check.equity == Decimal("1000.00")
    assert refused.check.margin_after == Decimal("3663.33")
    assert refused.check.quote_id == "7-EURUSD"


def test_submit_when_the_equity_covers_the_margin_exactly_then_passes() -> None:
    assert len(decided(funded("3663.33"), order(quantity="1"))[1]) == 3
    assert rejected(decided(funded("3663.32"), order(quantity="1"))[1]) is RejectReason.MARGIN_INSUFFICIENT


def test_complete_when_the_execution_price_takes_more_margin_then_refuses() -> None:
    market = FakeMarket()
    command = order(symbol="XAUUSD", quantity="1")
    state = funded("10010")
    attempt = prepare(state, command, context(market), settled=True)
    assert isinstance(attempt, Attempt)
    events = complete(state, attempt, executed(market, attempt, "2010.00"), context(market))
    assert events is not None
    assert rejected(events) is RejectReason.MARGIN_INSUFFICIENT


def test_complete_when_the_venues_quote_was_too_old_then_does_not_fill() -> None:
    market = FakeMarket()
    attempt = prepare(funded(), order(), context(market), settled=True)
    assert isinstance(attempt, Attempt)
    old = replace(executed(market, attempt), quote_age_us=5_000_001)
    events = complete(funded(), attempt, old, context(market))
    assert events is not None
    assert rejected(events) is RejectReason.PRICE_UNAVAILABLE


def test_trade_when_the_rate_to_the_account_currency_is_stale_then_refuses() -> None:
    market = FakeMarket(stale={"EURUSD"})
    _, events = decided(funded(currency="EUR"), order(symbol="GBPUSD"), market)
    assert rejected(events) is RejectReason.RATE_UNAVAILABLE


def test_submit_when_another_positions_market_rests_then_is_valued_at_its_last_price() -> None:
    market = FakeMarket()
    state, _ = decided(funded(), order("one", symbol="US500"), market)
    market.stale.add("US500")
    _, events = decided(state, order("two"), market)
    assert len(events) == 3


def test_submit_when_another_position_has_no_price_at_all_then_is_refused() -> None:
    market = FakeMarket()
    state, _ = decided(funded(), order("one", symbol="US500"), market)
    del market.quotes["US500"]
    assert rejected(decided(state, order("two"), market)[1]) is RejectReason.PRICE_UNAVAILABLE


def test_close_when_the_account_has_no_margin_left_then_is_never_refused_for_it() -> None:
    market = FakeMarket()
    state, _ = decided(funded("4000"), order(), market)
    market.move("EURUSD", "1.05000", "1.05010")
    state, events = decided(state, closing("close", last_position(state)), market)
    assert booked(events) == Decimal("-5010.00")
    assert state.balance == Decimal("-1010.00")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (order(symbol="NOPE"), "SYMBOL_UNKNOWN"),
        (order(quantity="0.005"), "QUANTITY_OUT_OF_RANGE"),
        (order(quantity="101"), "QUANTITY_OUT_OF_RANGE"),
        (order(quantity="0.015"), "QUANTITY_STEP"),
        (closing("x", PositionId(account().account_id)), "POSITION_UNKNOWN"),
    ],
)
def test_prepare_when_it_cannot_be_an_order_then_raises(command: TradeCommand, reason: str) -> None:
    with pytest.raises(EngineError) as caught:
        prepare(funded(), command, context(), settled=True)
    assert caught.value.reason == reason


def test_close_when_more_than_is_open_then_is_refused() -> None:
    state, _ = decided(funded(), order(quantity="1"))
    _, events = decided(state, closing("close", last_position(state), "1.01"))
    assert rejected(events) is RejectReason.POSITION_NOT_OPEN


def test_close_when_not_a_multiple_of_the_step_then_raises() -> None:
    state, _ = decided(funded(), order(quantity="1"))
    with pytest.raises(EngineError) as caught:
        prepare(state, closing("close", last_position(state), "0.005"), context(), settled=True)
    assert caught.value.reason == "QUANTITY_STEP"


def test_close_when_it_was_closed_before_then_is_refused_on_record() -> None:
    state, _ = decided(funded(), order(quantity="1"))
    position = state.positions[last_position(state)]
    refused = refuse_closed(closing("close", position.position_id, "1"), position, context())
    events = complete(state, refused, RejectReason.NO_ROUTE, context())
    assert events is not None
    assert rejected(events) is RejectReason.POSITION_NOT_OPEN


def test_close_when_the_position_went_meanwhile_then_is_refused() -> None:
    market = FakeMarket()
    state, _ = decided(funded(), order(quantity="1"), market)
    position_id = last_position(state)
    attempt = prepare(state, closing("late", position_id, "1"), context(market), settled=True)
    assert isinstance(attempt, Attempt)
    after, _ = decided(state, closing("early", position_id), market)
    events = complete(after, attempt, executed(market, attempt), context(market))
    assert events is not None
    assert rejected(events) is RejectReason.POSITION_NOT_OPEN


def test_close_of_all_when_the_position_changed_meanwhile_then_is_decided_again() -> None:
    market = FakeMarket()
    state, _ = decided(funded(mode=NETTING), order("one", quantity="1"), market)
    attempt = prepare(state, closing("late", last_position(state)), context(market), settled=True)
    assert isinstance(attempt, Attempt)
    after, _ = decided(state, order("two", quantity="1"), market)
    assert complete(after, attempt, executed(market, attempt), context(market)) is None


def test_prepare_when_something_is_under_way_then_leaves_the_margin_to_the_end() -> None:
    attempt = prepare(funded("10"), order(), context(), settled=False)
    assert isinstance(attempt, Attempt)


def test_events_when_the_clock_goes_back_then_never_do() -> None:
    market = FakeMarket()
    state = funded()
    attempt = prepare(state, order(), context(market, NOW - timedelta(hours=1)), settled=True)
    assert isinstance(attempt, Attempt)
    events = complete(state, attempt, executed(market, attempt), context(market, NOW - timedelta(hours=2)))
    assert events is not None
    assert all(event.at == NOW for event in events)


def test_submit_then_the_order_keeps_what_was_asked() -> None:
    command = order("my-key", quantity="0.5")
    _, events = decided(funded(), command)
    accepted = events[0]
    assert isinstance(accepted, OrderAccepted)
    asked = accepted.order
    assert (asked.client_order_id, asked.quantity, asked.request_hash) == (
        "my-key",
        Quantity(Decimal("0.5")),
        command.request_hash,
    )
    assert asked.account_id == AccountId(command.account_id)
