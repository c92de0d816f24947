"""What trades do to positions, and what positions add up to: trade, state, events."""

from decimal import Decimal

import pytest

from services.kernel.ids import FillId, PositionId
from services.kernel.money import Price, Quantity, Side, text
from services.oms.domain.events import AccountOpened, PositionChanged, apply
from services.oms.domain.state import AccountState, Exposure, Position, PositionMode, exposures_of
from services.oms.domain.trade import Trade, change_of
from tests.fakes.oms import NOW, account, ids

new_id = ids()


def opened(mode: PositionMode = PositionMode.NETTING) -> AccountState:
    """A new account."""
    return apply(None, AccountOpened(account(mode=mode), NOW))


def trade(side: Side, quantity: str, price: str, closes: PositionId | None = None) -> Trade:
    """A trade of EURUSD."""
    lots = Quantity(Decimal(quantity))
    return Trade("EURUSD", side, lots, Price(Decimal(price)), closes, PositionId(new_id()))


def after(state: AccountState, *trades: Trade) -> AccountState:
    """The state after the trades."""
    for one in trades:
        for position in change_of(state, one, NOW).positions:
            state = apply(state, PositionChanged(position, FillId(new_id()), NOW))
    return state


def shown(state: AccountState) -> list[tuple[str, str, str]]:
    """The open positions in few words."""
    return [(p.side.name, text(p.quantity.value), text(p.open_price.value)) for p in state.positions.values()]


@pytest.mark.parametrize(
    ("trades", "expected"),
    [
        ([("BUY", "1", "1.1")], [("BUY", "1", "1.1")]),
        ([("BUY", "1", "1.1"), ("BUY", "3", "1.2")], [("BUY", "4", "1.175")]),
        ([("BUY", "2", "1.1"), ("SELL", "0.5", "1.3")], [("BUY", "1.5", "1.1")]),
        ([("BUY", "2", "1.1"), ("SELL", "2", "1.3")], []),
        ([("BUY", "2", "1.1"), ("SELL", "5", "1.3")], [("SELL", "3", "1.3")]),
        ([("SELL", "2", "1.1"), ("BUY", "5", "1.3"), ("SELL", "3", "1.2")], []),
    ],
)
def test_netting_then_one_position_stands(
    trades: list[tuple[str, str, str]], expected: list[tuple[str, str, str]]
) -> None:
    state = after(opened(), *(trade(Side[side], quantity, price) for side, quantity, price in trades))
    assert shown(state) == expected


def test_hedging_then_each_trade_opens_its_own() -> None:
    state = after(opened(PositionMode.HEDGING), trade(Side.BUY, "1", "1.1"), trade(Side.BUY, "2", "1.2"))
    assert shown(state) == [("BUY", "1", "1.1"), ("BUY", "2", "1.2")]


def test_closing_when_it_names_a_position_then_only_that_one_shrinks() -> None:
    first, second = trade(Side.BUY, "1", "1.1"), trade(Side.BUY, "2", "1.2")
    state = after(opened(PositionMode.HEDGING), first, second)
    state = after(state, trade(Side.SELL, "1.5", "1.3", closes=second.opens))
    assert shown(state) == [("BUY", "1", "1.1"), ("BUY", "0.5", "1.2")]


def test_change_then_says_what_was_closed_and_whether_something_was_added() -> None:
    state = after(opened(), trade(Side.BUY, "2", "1.1"))
    reduced = change_of(state, trade(Side.SELL, "1", "1.2"), NOW)
    assert (reduced.closed_quantity.value, reduced.adds) == (1, False)
    reversed_ = change_of(state, trade(Side.SELL, "3", "1.2"), NOW)
    assert (reversed_.closed_quantity.value, reversed_.adds) == (2, True)
    assert reversed_.position_id == next(iter(state.positions))


@pytest.mark.parametrize(
    "later", [("BUY", "3", "1.2"), ("SELL", "1", "1.2"), ("SELL", "2", "1.2"), ("SELL", "5", "1.2")]
)
def test_exposure_after_a_change_then_is_what_the_positions_will_add_up_to(later: tuple[str, str, str]) -> None:
    state = after(opened(), trade(Side.BUY, "2", "1.1"))
    one = trade(Side[later[0]], later[1], later[2])
    expected = after(state, one).exposures.get("EURUSD", Exposure())
    assert change_of(state, one, NOW).exposure_after(state, "EURUSD") == expected


def test_exposures_when_trades_come_and_go_then_equal_the_sum_of_the_positions() -> None:
    state = opened()
    for number in range(1, 40):
        side = Side.BUY if number % 3 else Side.SELL
        state = after(state, trade(side, str(Decimal(number) / 100), f"1.{number:05d}"))
        assert dict(state.exposures) == exposures_of(state.positions)


def test_position_when_changed_then_keeps_its_place_and_its_opening_time() -> None:
    first, second = trade(Side.BUY, "1", "1.1"), trade(Side.BUY, "2", "1.2")
    state = after(opened(PositionMode.HEDGING), first, second)
    state = after(state, trade(Side.SELL, "0.5", "1.3", closes=first.opens))
    assert list(state.positions) == [first.opens, second.opens]


def test_apply_when_the_journal_does_not_begin_with_the_opening_then_refuses() -> None:
    position = Position(PositionId(new_id()), "EURUSD", Side.BUY, Quantity(Decimal(1)), Price(Decimal(1)), NOW)
    with pytest.raises(ValueError, match="begins with AccountOpened"):
        apply(None, PositionChanged(position, FillId(new_id()), NOW))


def test_apply_when_an_account_is_opened_twice_then_refuses() -> None:
    with pytest.raises(ValueError, match="opened once"):
        apply(opened(), AccountOpened(account(), NOW))


def test_apply_then_counts_every_event() -> None:
    state = opened()
    assert state.sequence == 1
    assert after(state, trade(Side.BUY, "1", "1.1")).sequence == 2
