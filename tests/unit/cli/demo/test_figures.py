from decimal import Decimal

import pytest

from cli.demo import figures
from cli.demo.figures import Price, Terms

D = Decimal


def terms(base: str, quote: str, contract: str, rate: str, *, by_notional: bool = False) -> Terms:
    return Terms(base + quote, base, quote, D("0.00001"), D(contract), D(rate), by_notional)


EURUSD = terms("EUR", "USD", "100000", "0.0333")
USDJPY = terms("USD", "JPY", "100000", "0.0333")
GOLD = terms("XAU", "USD", "100", "0.05", by_notional=True)


@pytest.mark.parametrize(
    ("instrument", "side", "lots", "opened", "closed", "expected"),
    [
        (EURUSD, "SIDE_BUY", "0.10", "1.08341", "1.08351", "1.00000"),
        (EURUSD, "SIDE_SELL", "0.10", "1.08341", "1.08351", "-1.00000"),
        (USDJPY, "SIDE_BUY", "0.20", "150.000", "150.125", "2500.00000"),
        (GOLD, "SIDE_SELL", "0.02", "2400.50", "2399.25", "2.5000"),
    ],
)
def test_profit_is_the_move_times_the_units(
    instrument: Terms, side: str, lots: str, opened: str, closed: str, expected: str
) -> None:
    assert figures.profit(instrument, side, D(lots), D(opened), D(closed)) == D(expected)


def test_a_pair_holds_margin_of_its_base_and_the_rest_of_its_notional_value() -> None:
    assert figures.margin(EURUSD, "pro", D("0.10"), D("1.08341")) == D("333")
    assert figures.margin_currency(EURUSD) == "EUR"
    assert figures.margin(GOLD, "pro", D("0.02"), D("2400.50")) == D("240.05")
    assert figures.margin_currency(GOLD) == "USD"


def test_the_group_caps_the_leverage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(figures.LEVERAGES, "cautious", D(30))
    assert figures.rounded(figures.margin(EURUSD, "cautious", D("0.10"), D("1.1")), "EUR") == D("333.33")


def test_a_gain_converts_at_the_bid_and_a_loss_at_the_ask() -> None:
    seen = {"EURUSD": [Price(D("1.0"), D("1.25"))]}
    assert figures.rates("EUR", "USD", gain=True, seen=seen) == {D("1.0")}
    assert figures.rates("EUR", "USD", gain=False, seen=seen) == {D("1.25")}
    assert figures.rates("USD", "EUR", gain=True, seen=seen) == {D("0.8")}
    assert figures.rates("USD", "EUR", gain=False, seen=seen) == {D("1")}
    assert figures.rates("USD", "USD", gain=True, seen={}) == {D("1")}
    assert figures.rates("JPY", "USD", gain=True, seen=seen) == set()


def test_amounts_are_rounded_once_half_away_from_zero() -> None:
    assert figures.rounded(D("-0.005"), "USD") == D("-0.01")
    assert figures.rounded(D("0.5"), "JPY") == D("1")
    assert figures.converted(D("2500"), D("1") / D("150.125"), "USD") == D("16.65")
