"""What an account is worth: valuation, margin check, market."""

from decimal import Decimal

from services.kernel.conversion import Flow
from services.kernel.ids import PositionId
from services.kernel.money import Price, Quantity, Side
from services.oms.domain.margin_check import check_margin
from services.oms.domain.market import Terms
from services.oms.domain.orders import RejectReason
from services.oms.domain.state import FLAT, Account, AccountState, Position, exposures_of
from services.oms.domain.trade import Trade, change_of
from services.oms.domain.valuation import position_profit, summarise
from tests.fakes.oms import INSTRUMENTS, NOW, FakeMarket, account, ids

new_id = ids()


def position(symbol: str, side: Side, quantity: str, price: str) -> Position:
    """An open position."""
    lots = Quantity(Decimal(quantity))
    return Position(PositionId(new_id()), symbol, side, lots, Price(Decimal(price)), NOW)


def holding(*positions: Position, balance: str = "10000.00", owner: Account | None = None) -> AccountState:
    """An account with positions."""
    by_id = {one.position_id: one for one in positions}
    return AccountState(owner or account(), Decimal(balance), by_id, exposures_of(by_id), 7, NOW)


def test_summary_when_flat_then_is_the_balance() -> None:
    summary = summarise(holding(), FakeMarket().snapshot(), NOW)
    assert (summary.equity, summary.free_margin, summary.margin_level) == (Decimal("10000.00"),) * 2 + (None,)
    assert summary.prices_current


def test_summary_when_long_and_short_then_values_at_bid_and_ask() -> None:
    state = holding(position("EURUSD", Side.BUY, "1", "1.09900"), position("XAUUSD", Side.SELL, "1", "2010.00"))
    summary = summarise(state, FakeMarket().snapshot(), NOW)
    assert summary.unrealised == Decimal("100.00") + Decimal("950.00")
    assert summary.margin_used == Decimal("3663.33") + Decimal("10050.00")
    assert summary.equity == Decimal("11050.00")
    assert summary.free_margin == summary.equity - summary.margin_used
    assert summary.margin_level == Decimal("80.58")


def test_margin_when_hedged_then_is_that_of_the_larger_leg() -> None:
    state = holding(position("EURUSD", Side.BUY, "1", "1.1"), position("EURUSD", Side.SELL, "3", "1.1"))
    assert summarise(state, FakeMarket().snapshot(), NOW).margin_used == Decimal("10990.00")


def test_profit_when_in_another_currency_then_a_gain_converts_at_the_bid_and_a_loss_at_the_ask() -> None:
    euros = account(currency="EUR")
    market = FakeMarket()
    gain = position("GBPUSD", Side.BUY, "1", "1.24000")
    loss = position("GBPUSD", Side.BUY, "1", "1.26000")
    assert position_profit(euros, gain, market.snapshot()) == Decimal("909.01")
    assert position_profit(euros, loss, market.snapshot()) == Decimal("-909.09")


def test_summary_when_a_price_is_old_then_uses_the_last_and_says_so() -> None:
    state = holding(position("EURUSD", Side.BUY, "1", "1.09900"))
    summary = summarise(state, FakeMarket(stale={"EURUSD"}).snapshot(), NOW)
    assert summary.unrealised == Decimal("100.00")
    assert not summary.prices_current


def test_summary_when_there_is_no_price_then_counts_nothing_and_says_so() -> None:
    market = FakeMarket()
    del market.quotes["EURUSD"]
    one = position("EURUSD", Side.BUY, "1", "1.09900")
    summary = summarise(holding(one), market.snapshot(), NOW)
    assert summary.unrealised == 0
    assert not summary.prices_current
    assert position_profit(account(), one, market.snapshot()) is None


def test_margin_rate_then_is_capped_by_the_groups_leverage_and_unknown_groups_have_the_instruments() -> None:
    terms = Terms(INSTRUMENTS, {"careful": 10}, {})
    assert terms.margin_rate(INSTRUMENTS["EURUSD"], "careful") == Decimal("0.1")
    assert terms.margin_rate(INSTRUMENTS["EURUSD"], "careful") == Decimal("0.1")
    assert terms.margin_rate(INSTRUMENTS["EURUSD"], "nobody") == Decimal("0.0333")


def test_market_when_a_quote_is_old_then_only_the_last_rate_is_there() -> None:
    market = FakeMarket(stale={"EURUSD"}).snapshot()
    assert market.fresh_rate("EUR", "USD", Flow.GAIN) is None
    assert market.last_rate("EUR", "USD", Flow.GAIN) == Decimal("1.10000")


def test_check_when_hedging_takes_no_more_margin_then_passes_whatever_the_equity() -> None:
    state = holding(position("EURUSD", Side.BUY, "2", "1.2"), balance="0.00")
    trade = Trade("EURUSD", Side.SELL, Quantity(Decimal(2)), Price(Decimal("1.1")), None, PositionId(new_id()))
    market = FakeMarket().snapshot()
    checked = check_margin(state, "EURUSD", change_of(state, trade, NOW), market, "q")
    assert checked.reason is RejectReason.NONE
    more = Trade("EURUSD", Side.SELL, Quantity(Decimal("2.01")), Price(Decimal("1.1")), None, PositionId(new_id()))
    checked = check_margin(state, "EURUSD", change_of(state, more, NOW), market, "q")
    assert checked.reason is RejectReason.MARGIN_INSUFFICIENT


def test_exposure_when_flat_then_is_false() -> None:
    assert not FLAT
    assert FLAT.plus(position("EURUSD", Side.BUY, "1", "1.1"))
