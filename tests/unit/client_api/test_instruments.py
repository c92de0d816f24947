"""The instruments, and paging through them."""

import pytest

from services.client_api.instruments import Instruments
from services.kernel.errors import EngineError, Kind
from tests.fakes.market_services import settings

SYMBOLS = ["BTCUSD", "EURUSD", "GBPUSD", "US500", "USDJPY"]


@pytest.fixture
def instruments():
    made = Instruments()
    made.replace(settings(symbol) for symbol in reversed(SYMBOLS))
    return made


def symbols(page):
    return [instrument.symbol for instrument in page[0]]


def test_pages_lead_through_all_instruments_once(instruments):
    seen, cursor = [], ""
    for _ in range(3):
        page, cursor = instruments.page(2, cursor)
        seen.extend(instrument.symbol for instrument in page)
    assert (seen, cursor) == (SYMBOLS, "")


def test_a_page_that_ends_with_the_last_instrument_has_no_next_one(instruments):
    assert instruments.page(5, "")[1] == ""
    assert symbols(instruments.page(0, "")) == SYMBOLS


def test_a_cursor_survives_the_removal_of_its_instrument(instruments):
    _, cursor = instruments.page(2, "")
    instruments.replace(settings(symbol) for symbol in SYMBOLS if symbol != "EURUSD")
    assert symbols(instruments.page(2, cursor)) == ["GBPUSD", "US500"]


@pytest.mark.parametrize("cursor", ["EURUSD!", "****", "w7w", "\u00e9", "A"])
def test_a_cursor_that_was_not_given_by_us_is_refused(instruments, cursor):
    with pytest.raises(EngineError) as caught:
        instruments.page(1, cursor)
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID, "CURSOR_INVALID")


def test_an_unknown_symbol_is_refused_by_name(instruments):
    with pytest.raises(EngineError) as caught:
        instruments.check(["EURUSD", "DOGUSD"])
    assert (caught.value.kind, caught.value.reason) == (Kind.NOT_FOUND, "SYMBOL_UNKNOWN")
    assert caught.value.metadata == {"symbol": "DOGUSD"}


def test_a_quote_of_an_unknown_symbol_is_always_too_old(instruments):
    assert instruments.quote_age_us_max("EURUSD") == 5_000_000
    assert instruments.quote_age_us_max("DOGUSD") == 0
