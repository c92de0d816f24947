"""Money, conversion, margin and profit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.conversion import BidAsk, Flow, conversion_rate, pairs_of, symbols_needed
from services.kernel.errors import EngineError
from services.kernel.instrument import MarginMode, check_quantity
from services.kernel.margin import Leg, effective_rate, margin_currency, symbol_margin, total_margin
from services.kernel.money import Money, Price, Quantity, Side, parse_decimal, price_from_points, quantise, text
from services.kernel.pnl import average_price, profit, total_profit
from tests.fakes.oms import INSTRUMENTS, QUOTES

PAIRS = pairs_of(INSTRUMENTS.values())
prices = st.decimals(min_value="0.00001", max_value="100000", places=5).map(Price)
lots = st.decimals(min_value="0.01", max_value="100", places=2).map(Quantity)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("1.005", "USD", "1.01"),
        ("-1.005", "USD", "-1.01"),
        ("0.5", "JPY", "1"),
        ("-0.5", "JPY", "-1"),
        ("1.0049999", "EUR", "1.00"),
        ("0.000000005", "BTC", "0.00000001"),
    ],
)
def test_quantise_when_half_a_minor_unit_then_goes_away_from_zero(amount: str, currency: str, rounded: str) -> None:
    assert text(quantise(Decimal(amount), currency)) == rounded


def test_money_when_currencies_differ_then_does_not_add() -> None:
    with pytest.raises(ValueError, match="can't be added"):
        Money(Decimal(1), "USD") + Money(Decimal(1), "EUR")


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-1"])
def test_quantity_when_not_a_finite_positive_number_then_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        Quantity(Decimal(wrong))


@pytest.mark.parametrize("wrong", ["", "abc", "NaN", "1e999999999", "1e3", "1_000", "Infinity", "1,5", "٣"])
def test_parse_decimal_when_not_a_finite_number_then_names_the_field(wrong: str) -> None:
    with pytest.raises(EngineError) as caught:
        parse_decimal("amount", wrong)
    assert caught.value.reason == "DECIMAL_INVALID"
    assert caught.value.metadata == {"field": "amount"}


def test_text_when_the_decimal_has_an_exponent_then_writes_digits() -> None:
    assert text(Decimal("1E+3")) == "1000"
    assert text(Decimal("1E-8")) == "0.00000001"


def test_price_from_points_then_keeps_the_digits() -> None:
    assert text(price_from_points(110000, 5)) == "1.10000"


@pytest.mark.parametrize(
    ("source", "target", "flow", "expected"),
    [
        ("USD", "USD", Flow.GAIN, Decimal(1)),
        ("EUR", "USD", Flow.GAIN, Decimal("1.10000")),
        ("EUR", "USD", Flow.LOSS, Decimal("1.10010")),
        ("USD", "EUR", Flow.GAIN, 1 / Decimal("1.10010")),
        ("USD", "EUR", Flow.LOSS, 1 / Decimal("1.10000")),
        ("JPY", "EUR", Flow.GAIN, (1 / Decimal("150.010")) * (1 / Decimal("1.10010"))),
        ("GBP", "JPY", Flow.LOSS, Decimal("1.25020") * Decimal("150.010")),
    ],
)
def test_conversion_rate_then_deals_at_the_brokers_side(
    source: str, target: str, flow: Flow, expected: Decimal
) -> None:
    assert conversion_rate(source, target, flow, PAIRS, QUOTES.get) == expected


def test_conversion_rate_when_a_leg_of_the_cross_has_no_quote_then_is_none() -> None:
    quotes = {symbol: quote for symbol, quote in QUOTES.items() if symbol != "USDJPY"}
    assert conversion_rate("JPY", "EUR", Flow.GAIN, PAIRS, quotes.get) is None
    assert symbols_needed("JPY", "EUR", PAIRS) == ("USDJPY", "EURUSD")


def test_conversion_rate_when_gaining_then_is_never_better_than_when_losing() -> None:
    for source in ("USD", "EUR", "GBP", "JPY"):
        for target in ("USD", "EUR", "GBP", "JPY"):
            gain = conversion_rate(source, target, Flow.GAIN, PAIRS, QUOTES.get)
            loss = conversion_rate(source, target, Flow.LOSS, PAIRS, QUOTES.get)
            assert gain is not None
            assert loss is not None
            assert gain <= loss


def test_pairs_when_the_base_is_the_symbol_itself_then_it_converts_nothing() -> None:
    assert ("US500", "USD") not in PAIRS
    assert PAIRS["EUR", "USD"] == "EURUSD"
    assert conversion_rate("US500", "USD", Flow.GAIN, PAIRS, {"US500": BidAsk(Decimal(1), Decimal(1))}.get) is None


def test_effective_rate_then_is_capped_by_the_groups_leverage() -> None:
    assert effective_rate(INSTRUMENTS["EURUSD"], 500) == Decimal("0.0333")
    assert effective_rate(INSTRUMENTS["EURUSD"], 10) == Decimal("0.1")


def test_margin_currency_then_follows_the_mode() -> None:
    assert margin_currency(INSTRUMENTS["USDJPY"]) == "USD"
    assert margin_currency(INSTRUMENTS["XAUUSD"]) == "USD"


@given(st.lists(st.tuples(st.sampled_from(Side), lots, prices), max_size=6), st.sampled_from(MarginMode))
def test_symbol_margin_when_summed_per_side_then_is_the_same(
    legs: list[tuple[Side, Quantity, Price]], mode: MarginMode
) -> None:
    symbol = "EURUSD" if mode is MarginMode.FOREX else "XAUUSD"
    instrument, rate = INSTRUMENTS[symbol], Decimal("0.05")
    sides = [
        total_margin(
            instrument,
            rate,
            sum((quantity.value for at, quantity, _ in legs if at is side), Decimal(0)),
            sum((quantity.value * price.value for at, quantity, price in legs if at is side), Decimal(0)),
        )
        for side in Side
    ]
    assert symbol_margin(instrument, rate, [Leg(*leg) for leg in legs]) == max(sides)


@given(st.sampled_from(Side), lots, prices, prices)
def test_profit_when_the_side_is_turned_then_changes_its_sign(
    side: Side, quantity: Quantity, opened: Price, closed: Price
) -> None:
    instrument = INSTRUMENTS["EURUSD"]
    gained = profit(instrument, side, quantity, opened, closed)
    assert gained == -profit(instrument, side.opposite, quantity, opened, closed)
    assert gained == total_profit(instrument, side, quantity.value, quantity.value * opened.value, closed.value)


@given(lots, prices, lots, prices)
def test_average_price_then_lies_between_the_prices(
    quantity: Quantity, price: Price, added: Quantity, added_price: Price
) -> None:
    average = average_price(quantity, price, added, added_price)
    low, high = sorted((price.value, added_price.value))
    margin = Decimal("1e-28")
    assert low - margin <= average.value <= high + margin


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [("0.001", "QUANTITY_OUT_OF_RANGE"), ("100.01", "QUANTITY_OUT_OF_RANGE"), ("0.015", "QUANTITY_STEP")],
)
def test_check_quantity_when_not_tradable_in_it_then_says_why(quantity: str, reason: str) -> None:
    with pytest.raises(EngineError) as caught:
        check_quantity(INSTRUMENTS["EURUSD"], Quantity(Decimal(quantity)))
    assert caught.value.reason == reason


@pytest.mark.parametrize("quantity", ["0.01", "0.10", "1", "100"])
def test_check_quantity_when_within_the_limits_then_passes(quantity: str) -> None:
    check_quantity(INSTRUMENTS["EURUSD"], Quantity(Decimal(quantity)))
