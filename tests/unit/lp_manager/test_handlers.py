"""The market: which provider counts, by a clock that the test turns."""

import pytest

from services.kernel.errors import EngineError, Kind
from services.lp_manager.domain.book import ProviderBook
from services.lp_manager.handlers import Market

STALE_US = 3_000_000


class Notes:
    """Writes down what it is told."""

    def __init__(self):
        self.changes = []
        self.refusals = []
        self.expiries = []

    def changed(self, symbol):
        self.changes.append(symbol)

    def refused(self, provider, reason):
        self.refusals.append((provider, reason))

    def expired(self, provider, symbol):
        self.expiries.append((provider, symbol))


def book(bid, ask, received_us):
    return ProviderBook([bid], [10], [ask], [10], received_us, 0)


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def market(notes):
    made = Market(notes, STALE_US)
    made.list_symbols({"EURUSD": 5, "USDJPY": 3})
    notes.changes.clear()
    return made


def bids(market, *symbols):
    return [market.quote(symbol).best.bid_points for symbol in symbols]


def test_listing_announces_the_new_symbols_only(market, notes):
    market.list_symbols({"USDJPY": 3, "XAUUSD": 2, "EURUSD": 5, "BTCUSD": 2})
    assert notes.changes == ["BTCUSD", "XAUUSD"]
    assert market.quote("XAUUSD").digits == 2


def test_a_listed_symbol_keeps_its_digits_and_its_book(market):
    market.take("alpha", "EURUSD", book(100, 101, 0), 0)
    market.list_symbols({"EURUSD": 4})
    assert (market.quote("EURUSD").digits, bids(market, "EURUSD")) == (5, [100])


def test_a_book_is_announced(market, notes):
    market.take("alpha", "EURUSD", book(100, 101, 0), 0)
    assert notes.changes == ["EURUSD"]
    assert bids(market, "EURUSD", "USDJPY") == [100, 0]


def test_a_book_of_an_unknown_symbol_is_counted_and_nothing_else(market, notes):
    market.take("alpha", "ABCDEF", book(100, 101, 0), 0)
    assert (notes.refusals, notes.changes) == ([("alpha", "symbol")], [])


def test_an_unusable_book_is_counted_and_withdraws_that_provider_from_that_symbol_only(market, notes):
    for provider, price in (("alpha", 100), ("bravo", 90)):
        for symbol in ("EURUSD", "USDJPY"):
            market.take(provider, symbol, book(price, 110, 0), 0)
    market.take("alpha", "EURUSD", book(105, 101, 0), 0)
    assert notes.refusals == [("alpha", "crossed")]
    assert bids(market, "EURUSD", "USDJPY") == [90, 100]
    assert notes.changes[-1] == "EURUSD"


def test_a_provider_comes_back_with_its_next_good_book(market):
    market.take("alpha", "EURUSD", book(0, 101, 0), 0)
    market.take("alpha", "EURUSD", book(100, 101, 1), 1)
    assert bids(market, "EURUSD") == [100]


def test_a_provider_leaves_a_symbol_when_it_has_been_silent_on_it_for_the_limit(market, notes):
    market.take("alpha", "EURUSD", book(100, 101, 0), 0)
    market.take("bravo", "EURUSD", book(90, 102, 500), 500)
    market.take("alpha", "USDJPY", book(70, 71, 500), 500)
    assert market.next_expiry_us() == STALE_US
    market.expire(STALE_US - 1)
    assert bids(market, "EURUSD") == [100]
    notes.changes.clear()
    market.expire(STALE_US)
    assert bids(market, "EURUSD", "USDJPY") == [90, 70]
    assert notes.expiries == [("alpha", "EURUSD")]
    assert notes.changes == ["EURUSD"]
    assert market.next_expiry_us() == STALE_US + 500


def test_the_same_price_again_keeps_a_provider_in(market):
    market.take("alpha", "EURUSD", book(100, 101, 0), 0)
    market.take("alpha", "EURUSD", book(100, 101, STALE_US - 1), STALE_US - 1)
    market.expire(STALE_US + 1)
    assert bids(market, "EURUSD") == [100]


def test_a_book_that_is_already_too_old_when_it_arrives_withdraws_the_provider(market):
    market.take("alpha", "EURUSD", book(100, 101, 0), 0)
    market.take("alpha", "EURUSD", book(105, 106, 10), 10 + STALE_US)
    assert bids(market, "EURUSD") == [0]


def test_when_the_gateway_is_lost_then_every_quote_is_withdrawn(market, notes):
    market.take("alpha", "EURUSD", book(100, 101, 0), 0)
    before = market.quote("EURUSD").sequence
    notes.changes.clear()
    market.withdraw_all()
    assert notes.changes == ["EURUSD"]
    after = market.quote("EURUSD")
    assert (after.best.bid_quantity, after.best.ask_quantity) == (0, 0)
    assert after.sequence > before
    assert market.next_expiry_us() is None


def test_an_unknown_symbol_has_neither_quote_nor_depth(market):
    for ask in (market.quote, market.depth):
        with pytest.raises(EngineError) as caught:
            ask("ABCDEF")
        assert (caught.value.kind, caught.value.reason) == (Kind.NOT_FOUND, "SYMBOL_UNKNOWN")
