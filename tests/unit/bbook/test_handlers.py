"""The house: what it knows of quotes and conditions."""

from decimal import Decimal

import pytest

from services.bbook.domain.execution import Conditions, Quote, Reason
from services.bbook.handlers import House
from services.kernel.money import Side

OPEN = Conditions(tradable=True, quote_age_us_max=1000)
QUOTE = Quote("9-1", 2, 100, 1, 102, 1, received_us=0)


@pytest.fixture
def house():
    made = House()
    made.set_conditions({"EURUSD": OPEN, "USDJPY": OPEN})
    made.take_quote("EURUSD", QUOTE)
    return made


def test_orders_are_filled_at_the_newest_quote_of_their_symbol(house):
    house.take_quote("EURUSD", QUOTE._replace(quote_id="9-2", ask_points=103))
    filled = house.execute("EURUSD", Side.BUY, 0)
    assert (filled.price.value, filled.quote_id) == (Decimal("1.03"), "9-2")
    assert house.execute("USDJPY", Side.BUY, 0) == Reason.PRICE_UNAVAILABLE


def test_when_quotes_are_withdrawn_then_nothing_is_filled_until_new_ones_come(house):
    house.withdraw_quotes()
    assert house.execute("EURUSD", Side.BUY, 0) == Reason.PRICE_UNAVAILABLE
    house.take_quote("EURUSD", QUOTE)
    assert house.execute("EURUSD", Side.BUY, 0).quote_id == "9-1"


def test_new_conditions_hold_at_once(house):
    house.set_conditions({"EURUSD": Conditions(tradable=False, quote_age_us_max=1000)})
    assert house.execute("EURUSD", Side.BUY, 0) == Reason.INSTRUMENT_DISABLED


def test_an_instrument_that_is_no_longer_listed_is_not_traded(house):
    house.set_conditions({})
    assert house.execute("EURUSD", Side.BUY, 0) == Reason.PRICE_UNAVAILABLE
