"""The promises of `tradeloom.client.v1.MarketService`, on the wire."""

import asyncio

import grpc
import pytest
from tradeloom.client.v1 import market_pb2
from tradeloom.client.v1 import market_service_pb2 as pb

from services.kernel.clock import utc_now
from services.kernel.errors import EngineError, Kind
from services.kit.status import error_of_call
from tests.fakes.market_services import quote

WAIT_S = 10.0


async def refused(call):
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value


async def read(stream):
    return await asyncio.wait_for(stream.read(), WAIT_S)


async def until(stream, wanted):
    """Reads until a quote is as wanted."""
    async with asyncio.timeout(WAIT_S):
        while True:
            response = await stream.read()
            assert response is not grpc.aio.EOF
            for shown in response.quotes:
                if wanted(shown):
                    return shown


@pytest.fixture
async def quoted(api):
    """The API, with EURUSD and USDJPY quoted and nobody quoting XAUUSD."""
    api.feed.publish(quote("EURUSD"), quote("USDJPY", 149_120, 149_130, digits=3))
    stream = api.WatchQuotes(pb.WatchQuotesRequest(symbols=["EURUSD"]), token=api.token())
    await until(stream, lambda shown: shown.HasField("bid"))
    stream.cancel()
    return api


async def test_get_server_time_is_the_time_and_needs_no_login(api):
    before = utc_now()
    response = await api.GetServerTime(pb.GetServerTimeRequest())
    assert before.timestamp() - 0.001 <= response.time.ToNanoseconds() / 1e9 <= utc_now().timestamp()


async def test_list_instruments_leads_through_all_pages(api):
    first = await api.ListInstruments(pb.ListInstrumentsRequest(limit=2), token=api.token())
    second = await api.ListInstruments(pb.ListInstrumentsRequest(limit=2, cursor=first.next_cursor), token=api.token())
    assert [i.symbol for i in (*first.instruments, *second.instruments)] == ["EURUSD", "USDJPY", "XAUUSD"]
    assert (bool(first.next_cursor), second.next_cursor) == (True, "")


async def test_list_instruments_when_the_cursor_is_not_ours_is_refused(api):
    error = await refused(api.ListInstruments(pb.ListInstrumentsRequest(cursor="!"), token=api.token()))
    assert (error.kind, error.reason) == (Kind.INVALID, "CURSOR_INVALID")


async def test_get_instrument_gives_the_public_part_of_the_settings(api):
    response = await api.GetInstrument(pb.GetInstrumentRequest(symbol="USDJPY"), token=api.token())
    assert (response.instrument.symbol, response.instrument.digits) == ("USDJPY", 3)


async def test_an_unknown_symbol_is_named(api):
    for call, request in (
        (api.GetInstrument, pb.GetInstrumentRequest(symbol="DOGUSD")),
        (api.GetQuotes, pb.GetQuotesRequest(symbols=["EURUSD", "DOGUSD"])),
    ):
        error = await refused(call(request, token=api.token()))
        assert (error.kind, error.reason, error.metadata) == (Kind.NOT_FOUND, "SYMBOL_UNKNOWN", {"symbol": "DOGUSD"})


async def test_watch_quotes_when_a_symbol_is_unknown_fails_as_get_quotes_does(api):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(api.WatchQuotes(pb.WatchQuotesRequest(symbols=["DOGUSD"]), token=api.token()))
    assert error_of_call(caught.value).reason == "SYMBOL_UNKNOWN"


async def test_a_symbol_that_is_no_symbol_breaks_a_rule(api):
    error = await refused(api.GetQuotes(pb.GetQuotesRequest(symbols=["eurusd"]), token=api.token()))
    assert (error.kind, error.reason) == (Kind.INVALID, "FIELD_INVALID")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(api.WatchQuotes(pb.WatchQuotesRequest(symbols=["eurusd"]), token=api.token()))
    assert error_of_call(caught.value).reason == "FIELD_INVALID"


async def test_get_quotes_gives_decimals_and_an_unquoted_symbol_without_prices(quoted):
    eurusd, usdjpy, xauusd = (await quoted.GetQuotes(pb.GetQuotesRequest(), token=quoted.token())).quotes
    assert (eurusd.symbol, eurusd.bid, eurusd.ask) == ("EURUSD", "1.10000", "1.10010")
    assert (eurusd.bid_quantity, eurusd.ask_quantity, eurusd.quote_id) == ("1.50", "2.00", "7-42")
    assert (usdjpy.bid, usdjpy.ask) == ("149.120", "149.130")
    assert xauusd == market_pb2.Quote(symbol="XAUUSD")


async def test_get_quotes_gives_each_named_symbol_once_by_symbol(quoted):
    asked = pb.GetQuotesRequest(symbols=["XAUUSD", "EURUSD", "XAUUSD"])
    response = await quoted.GetQuotes(asked, token=quoted.token())
    assert [shown.symbol for shown in response.quotes] == ["EURUSD", "XAUUSD"]


async def test_watch_quotes_starts_with_those_that_stand_then_sends_changes(quoted):
    stream = quoted.WatchQuotes(pb.WatchQuotesRequest(), token=quoted.token())
    assert [shown.symbol for shown in (await read(stream)).quotes] == ["EURUSD", "USDJPY", "XAUUSD"]
    quoted.feed.publish(quote("XAUUSD", 265_000, 265_050, digits=2))
    [changed] = (await read(stream)).quotes
    assert (changed.symbol, changed.bid) == ("XAUUSD", "2650.00")


async def test_watch_quotes_sends_only_the_symbols_that_were_asked_for(quoted):
    stream = quoted.WatchQuotes(pb.WatchQuotesRequest(symbols=["EURUSD"]), token=quoted.token())
    assert [shown.symbol for shown in (await read(stream)).quotes] == ["EURUSD"]
    quoted.feed.publish(quote("USDJPY", 1, 2))
    quoted.feed.publish(quote("EURUSD", bid=110_001))
    assert [(s.symbol, s.bid) for s in (await read(stream)).quotes] == [("EURUSD", "1.10001")]


async def test_when_the_feed_is_lost_prices_disappear_and_come_back_with_it(quoted):
    stream = quoted.WatchQuotes(pb.WatchQuotesRequest(symbols=["EURUSD"]), token=quoted.token())
    await read(stream)
    quoted.feed.end()
    gone = await until(stream, lambda shown: not shown.HasField("bid"))
    assert not gone.HasField("ask")
    [shown] = (await quoted.GetQuotes(pb.GetQuotesRequest(symbols=["EURUSD"]), token=quoted.token())).quotes
    assert not shown.HasField("bid")
    quoted.feed.publish(quote("EURUSD", bid=110_002))
    assert (await until(stream, lambda shown: shown.HasField("bid"))).bid == "1.10002"


async def test_a_quote_that_is_too_old_is_no_price(api):
    api.feed.publish(quote("EURUSD", age_us=5_000_001), quote("USDJPY", 149_120, 149_130, digits=3))
    stream = api.WatchQuotes(pb.WatchQuotesRequest(), token=api.token())
    await until(stream, lambda shown: shown.symbol == "USDJPY" and shown.HasField("bid"))
    eurusd = (await api.GetQuotes(pb.GetQuotesRequest(), token=api.token())).quotes[0]
    assert (eurusd.quote_id, eurusd.HasField("bid"), eurusd.HasField("ask")) == ("7-42", False, False)


async def test_watch_quotes_ends_when_the_token_expires(api):
    stream = api.WatchQuotes(pb.WatchQuotesRequest(), token=api.token(lives_s=-4))  # In the leeway, a second more.
    await read(stream)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(stream)
    assert error_of_call(caught.value).reason == "TOKEN_EXPIRED"
