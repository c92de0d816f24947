"""Texts to integers."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fix_gateway.domain.scale import BadValue, Scale

EURUSD = Scale(5, Decimal(100_000))


@given(st.decimals(min_value="0.00001", max_value="999999", places=7), st.integers(1, 6))
def test_prices_are_exact_or_rounded_against_us(price, digits):
    scale = Scale(digits, Decimal(1))
    exact = price.scaleb(digits)
    floor, ceiling = (int(exact.to_integral_value(rounding)) for rounding in (ROUND_FLOOR, ROUND_CEILING))
    text = format(price, "f").encode()
    assert scale.offer_points(text) == ceiling == scale.offer_points(text)
    if floor:
        assert scale.bid_points(text) == floor == scale.bid_points(text)


def test_quantities_are_hundredths_of_a_lot_rounded_down():
    assert EURUSD.quantity(b"600000") == 600
    assert EURUSD.quantity(b"1999") == 1
    assert EURUSD.quantity(b"999") == 0
    assert EURUSD.quantity(b"0") == 0
    assert Scale(2, Decimal(1)).quantity(b"4.60") == 460


def test_multipliers_bring_their_units_to_ours():
    gold = Scale(2, Decimal(100), Decimal("0.1"), Decimal(100))
    assert gold.bid_points(b"24065") == 240_650
    assert gold.quantity(b"3") == 300


@pytest.mark.parametrize(
    "text", [b"", b"-1.1", b"+1.1", b"NaN", b"Infinity", b"1e5", b"1_0", b" 1", b"1.1.1", b"1" * 30]
)
def test_what_is_no_plain_number_is_refused(text):
    for convert in (EURUSD.bid_points, EURUSD.offer_points, EURUSD.quantity):
        with pytest.raises(BadValue):
            convert(text)


@pytest.mark.parametrize("text", [b"0", b"0.00000", b"0.000001"])
def test_price_of_nothing_is_refused(text):
    with pytest.raises(BadValue, match="bad_price"):
        EURUSD.bid_points(text)


def test_absurd_values_are_refused():
    with pytest.raises(BadValue):
        EURUSD.bid_points(b"999999999999")
    with pytest.raises(BadValue):
        Scale(2, Decimal("0.0001")).quantity(b"999999999999")


def test_provider_that_never_repeats_itself_does_not_fill_the_memory():
    scale = Scale(5, Decimal(1))
    for points in range(1, 45_000):
        scale.bid_points(b"%d" % points)
    assert len(scale._bids) <= 20_000
