"""One market order against one quote."""

from decimal import Decimal

import pytest

from services.bbook.domain.execution import Conditions, Execution, Quote, Reason, execute
from services.kernel.money import Price, Side

OPEN = Conditions(tradable=True, quote_age_us_max=5_000_000)
CLOSED = Conditions(tradable=False, quote_age_us_max=5_000_000)
QUOTE = Quote("9-3", 5, 110000, 100, 110012, 200, received_us=1_000_000)
NOW_US = 1_000_250


def test_a_buy_is_filled_at_the_ask():
    assert execute(OPEN, QUOTE, Side.BUY, NOW_US) == Execution(Price(Decimal("1.10012")), "9-3", 250)


def test_a_sell_is_filled_at_the_bid():
    assert execute(OPEN, QUOTE, Side.SELL, NOW_US) == Execution(Price(Decimal("1.10000")), "9-3", 250)


@pytest.mark.parametrize(("digits", "price"), [(0, "110012"), (1, "11001.2"), (3, "110.012")])
def test_the_price_has_the_digits_of_the_quote(digits, price):
    filled = execute(OPEN, QUOTE._replace(digits=digits), Side.BUY, NOW_US)
    assert str(filled.price.value) == price


@pytest.mark.parametrize(
    ("age_us", "filled"), [(0, True), (4_999_999, True), (5_000_000, True), (5_000_001, False), (3_600_000_000, False)]
)
def test_a_quote_is_dealt_on_up_to_its_largest_age_and_not_a_microsecond_longer(age_us, filled):
    result = execute(OPEN, QUOTE, Side.BUY, QUOTE.received_us + age_us)
    assert (result == Reason.PRICE_UNAVAILABLE) is not filled
    assert isinstance(result, Execution) is filled


def test_an_age_is_never_negative():
    assert execute(OPEN, QUOTE, Side.BUY, QUOTE.received_us - 5).quote_age_us == 0


@pytest.mark.parametrize(
    ("quote", "side", "filled"),
    [
        (QUOTE._replace(bid_points=0, bid_quantity=0), Side.SELL, False),
        (QUOTE._replace(bid_points=0, bid_quantity=0), Side.BUY, True),
        (QUOTE._replace(ask_points=0, ask_quantity=0), Side.BUY, False),
        (QUOTE._replace(ask_points=0, ask_quantity=0), Side.SELL, True),
        (QUOTE._replace(bid_quantity=0), Side.SELL, False),
        (QUOTE._replace(ask_points=-1), Side.BUY, False),
    ],
)
def test_only_a_side_that_has_a_price_is_dealt_on(quote, side, filled):
    result = execute(OPEN, quote, side, NOW_US)
    assert isinstance(result, Execution) is filled
    assert (result == Reason.PRICE_UNAVAILABLE) is not filled


def test_without_a_quote_there_is_no_price():
    assert execute(OPEN, None, Side.BUY, NOW_US) == Reason.PRICE_UNAVAILABLE


def test_an_instrument_that_is_not_tradable_is_refused_whatever_the_quote():
    assert execute(CLOSED, QUOTE, Side.BUY, NOW_US) == Reason.INSTRUMENT_DISABLED
    assert execute(CLOSED, None, Side.SELL, NOW_US) == Reason.INSTRUMENT_DISABLED


def test_an_instrument_that_is_not_known_yet_has_no_price():
    assert execute(None, QUOTE, Side.BUY, NOW_US) == Reason.PRICE_UNAVAILABLE
