"""The quotes that clients may see."""

import pytest
from tradeloom.client.v1 import market_pb2
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb

from services.client_api.convert import quote_to_pb
from services.client_api.quotes import QuoteTable
from tests.fakes.market_services import quote


class Seconds:
    """A monotonic clock that moves when told."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Seconds()


@pytest.fixture
def table(clock):
    return QuoteTable(lambda symbol: 5_000_000, clock)


def take(table, *quotes):
    table.take(lp_pb.WatchQuotesResponse(quotes=quotes))


def bids(table, *symbols):
    return [shown.bid if shown.HasField("bid") else None for shown in table.snapshot(symbols)]


def test_points_and_hundredths_become_decimals():
    shown = quote_to_pb(quote("USDJPY", 149_120, 149_130, digits=3, bid_quantity=150, ask_quantity=20_000))
    assert (shown.bid, shown.ask) == ("149.120", "149.130")
    assert (shown.bid_quantity, shown.ask_quantity) == ("1.50", "200.00")
    assert shown.quote_id == "7-42"
    assert shown.provider_time.ToMicroseconds() == 1_700_000_000_123_456


@pytest.mark.parametrize(
    ("points", "digits", "text"),
    [(110_000, 5, "1.10000"), (1, 5, "0.00001"), (52_011, 1, "5201.1"), (7, 0, "7"), (0, 2, "0.00"), (-25, 2, "-0.25")],
)
def test_a_price_has_the_digits_of_its_instrument(points, digits, text):
    assert quote_to_pb(quote(bid=points, digits=digits)).bid == text


def test_a_side_that_nobody_quotes_is_absent():
    shown = quote_to_pb(quote(bid=0, bid_quantity=0))
    assert not shown.HasField("bid")
    assert not shown.HasField("bid_quantity")
    assert shown.ask == "1.10010"


def test_a_symbol_that_was_never_quoted_comes_with_its_name_only(table):
    assert table.snapshot(["XAUUSD"]) == [market_pb2.Quote(symbol="XAUUSD")]


def test_the_newest_quote_stands(table):
    take(table, quote(bid=110_000), quote(bid=110_005))
    take(table)
    assert bids(table, "EURUSD") == ["1.10005"]


def test_a_quote_is_shown_up_to_its_age_and_not_beyond(table, clock):
    take(table, quote())
    clock.now += 5.0
    assert bids(table, "EURUSD") == ["1.10000"]
    clock.now += 0.001
    [shown] = table.snapshot(["EURUSD"])
    assert shown == market_pb2.Quote(symbol="EURUSD", quote_id="7-42", provider_time=shown.provider_time)


def test_the_age_that_a_quote_came_with_counts(table, clock):
    take(table, quote(age_us=4_000_000))
    clock.now += 1.001
    assert bids(table, "EURUSD") == [None]


def test_a_confirmation_makes_a_quote_fresh_again(table, clock):
    take(table, quote())
    clock.now += 6.0
    table.expire()
    take(table, quote())
    assert bids(table, "EURUSD") == ["1.10000"]


def test_when_the_feed_is_lost_nothing_is_a_price_until_it_is_heard_again(table):
    take(table, quote("EURUSD"), quote("GBPUSD"))
    table.lose()
    assert bids(table, "EURUSD", "GBPUSD") == [None, None]
    take(table, quote("GBPUSD"))
    assert bids(table, "EURUSD", "GBPUSD") == [None, "1.10000"]


async def test_watchers_hear_once_that_a_quote_is_too_old(table, clock):
    take(table, quote())
    with table.changes.subscribe() as newest:
        await newest.take(0)
        table.expire()
        assert await newest.take(0) == []
        clock.now += 6.0
        table.expire()
        table.expire()
        [told] = table.show(await newest.take(0))
        assert not told.HasField("bid")
        table.expire()
        table.lose()
        assert await newest.take(0) == []


async def test_a_slow_watcher_gets_the_newest_of_each_symbol(table):
    with table.changes.subscribe() as newest:
        for bid in range(110_000, 110_100):
            take(table, quote("EURUSD", bid=bid), quote("GBPUSD", bid=bid + 1))
        shown = table.show(await newest.take(0))
    assert {item.symbol: item.bid for item in shown} == {"EURUSD": "1.10099", "GBPUSD": "1.10100"}


def test_a_quote_is_converted_once_for_all_who_look(table):
    take(table, quote())
    assert table.snapshot(["EURUSD"])[0] is table.snapshot(["EURUSD"])[0]
