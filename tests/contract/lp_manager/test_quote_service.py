"""The promises of `tradeloom.lp_manager.v1.QuoteService`, on the wire, with a FIX gateway that the test plays."""

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest
from tradeloom.lp_manager.v1 import quote_service_pb2 as pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as rpc

from services.kernel.clock import monotonic, monotonic_us
from services.kernel.errors import EngineError, Kind
from services.kit.channel import channel
from services.kit.newest import Broadcast
from services.lp_manager.api import QuoteService
from services.lp_manager.clients import GatewayClient, ReferenceClient
from services.lp_manager.handlers import Market
from services.lp_manager.main import MarketListener, expire_for_ever
from tests.fakes.quotes import FakeGateway, FakeReference, provider_book, settings
from tests.fakes.wire import serving

EPOCH = 1_700_000_000_000_000
WAIT_S = 30


class Running:
    """An LP manager with a gateway and a reference that the test plays."""

    def __init__(self, folder, stale_ms):
        self.folder = folder
        self.gateway = FakeGateway()
        self.reference = FakeReference(settings("EURUSD", 5), settings("USDJPY", 3))
        changes = Broadcast()
        self.market = Market(MarketListener(changes), stale_ms * 1000)
        self.quotes = QuoteService(self.market, changes, monotonic_us, EPOCH)
        self.gateway_stack = AsyncExitStack()
        self.tasks = []

    async def start(self, stack):
        stack.push_async_callback(self.stop)
        gateway_address = await self.start_gateway()
        reference = await stack.enter_async_context(serving(self.folder / "r", self.reference.register))
        self.reference_client = ReferenceClient(await stack.enter_async_context(channel(reference)))
        gateway = GatewayClient(await stack.enter_async_context(channel(gateway_address)), monotonic_us)
        self.market.list_symbols(await self.reference_client.digits_at_last())
        self.tasks = [
            asyncio.create_task(gateway.follow_books(self.market)),
            asyncio.create_task(expire_for_ever(self.market)),
        ]
        address = await stack.enter_async_context(serving(self.folder / "s", self.quotes.register))
        self.stub = rpc.QuoteServiceStub(await stack.enter_async_context(channel(address)))

    async def start_gateway(self):
        return await self.gateway_stack.enter_async_context(serving(self.folder / "g", self.gateway.register))

    async def kill_gateway(self):
        await self.gateway_stack.aclose()

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.kill_gateway()


class Reader:
    """Reads quotes and keeps the newest of each symbol."""

    def __init__(self, stub):
        self.call = stub.WatchQuotes(pb.WatchQuotesRequest())
        self.seen = []
        self.newest = {}

    async def read(self):
        message = await asyncio.wait_for(self.call.read(), WAIT_S)
        self.seen += message.quotes
        self.newest |= {quote.symbol: quote for quote in message.quotes}
        return message

    async def until(self, condition):
        async with asyncio.timeout(WAIT_S):
            while not (self.newest and condition(self.newest)):
                await self.read()


@pytest.fixture
def stale_ms():
    return 60_000


@pytest.fixture
async def running(tmp_path, stale_ms):
    async with AsyncExitStack() as stack:
        made = Running(tmp_path, stale_ms)
        await made.start(stack)
        yield made


@pytest.fixture
async def reader(running):
    made = Reader(running.stub)
    yield made
    made.call.cancel()


def bid_of(symbol, bid):
    return lambda newest: newest[symbol].bid_points == bid


async def test_watch_quotes_first_gives_a_quote_of_every_symbol(reader):
    first = await reader.read()
    assert [(q.symbol, q.digits, q.bid_quantity, q.ask_quantity, q.epoch) for q in first.quotes] == [
        ("EURUSD", 5, 0, 0, EPOCH),
        ("USDJPY", 3, 0, 0, EPOCH),
    ]
    assert all(q.bid_points == q.ask_points == q.age_us == 0 and q.sequence > 0 for q in first.quotes)


async def test_watch_quotes_gives_the_best_of_all_providers(running, reader):
    running.gateway.send(
        provider_book("alpha", "EURUSD", 110000, 110012, provider_time_us=41),
        provider_book("bravo", "EURUSD", 110002, 110010, provider_time_us=42),
        provider_book("charlie", "EURUSD", 110002, 110020, provider_time_us=43),
    )
    await reader.until(bid_of("EURUSD", 110002))
    quote = reader.newest["EURUSD"]
    assert (quote.bid_quantity, quote.bid_provider) == (200, "bravo")
    assert (quote.ask_points, quote.ask_quantity, quote.ask_provider) == (110010, 100, "bravo")
    assert quote.digits == 5
    assert quote.provider_time_us == 43


async def test_watch_quotes_counts_the_age_from_the_gateways_reception(running, reader):
    await reader.read()
    before = monotonic()
    running.gateway.send(provider_book("alpha", "EURUSD", 110000, 110010, age_us=250_000))
    await reader.until(bid_of("EURUSD", 110000))
    elapsed_us = (monotonic() - before) * 1_000_000
    assert 250_000 <= reader.newest["EURUSD"].age_us <= 250_000 + elapsed_us


async def test_watch_quotes_gives_a_later_reader_the_quote_that_stands_with_its_age_then(running, reader):
    running.gateway.send(provider_book("alpha", "EURUSD", 110000, 110010))
    await reader.until(bid_of("EURUSD", 110000))
    later = Reader(running.stub)
    first = await later.read()
    later.call.cancel()
    quote = next(q for q in first.quotes if q.symbol == "EURUSD")
    assert len(first.quotes) == 2
    assert quote.sequence == reader.newest["EURUSD"].sequence
    assert quote.age_us > reader.newest["EURUSD"].age_us


async def test_watch_quotes_sends_a_confirmed_price_again_as_a_new_quote(running, reader):
    running.gateway.send(provider_book("alpha", "EURUSD", 110000, 110010))
    await reader.until(bid_of("EURUSD", 110000))
    sequence = reader.newest["EURUSD"].sequence
    running.gateway.send(provider_book("alpha", "EURUSD", 110000, 110010))
    await reader.until(lambda newest: newest["EURUSD"].sequence > sequence)
    assert reader.newest["EURUSD"].bid_points == 110000


async def test_watch_quotes_sequences_of_a_symbol_grow(running, reader):
    for bid in range(110000, 110020):
        running.gateway.send(provider_book("alpha", "EURUSD", bid, bid + 10))
    await reader.until(bid_of("EURUSD", 110019))
    sequences = [quote.sequence for quote in reader.seen if quote.symbol == "EURUSD"]
    assert sequences == sorted(set(sequences))


async def test_watch_quotes_sends_heartbeats_in_silence(reader):
    await reader.read()
    began = monotonic()
    for _ in range(3):
        assert not (await reader.read()).quotes
    assert 0.7 <= monotonic() - began < WAIT_S


async def test_watch_quotes_sends_heartbeats_though_providers_behind_the_best_keep_moving(running, reader):
    running.gateway.send(provider_book("alpha", "USDJPY", 150000, 150010))
    await reader.until(bid_of("USDJPY", 150000))

    async def move():
        for step in range(10_000):
            running.gateway.send(provider_book("bravo", "USDJPY", 140000 + step % 9, 160000))
            running.gateway.send(provider_book("alpha", "EURUSD", None, None))
            await asyncio.sleep(0.01)

    moving = asyncio.create_task(move())
    try:
        assert not (await reader.read()).quotes
    finally:
        moving.cancel()


async def test_watch_quotes_gives_a_slow_reader_the_newest_and_no_queue(running, reader):
    await reader.read()
    for bid in range(100_000, 103_000):
        running.gateway.send(provider_book("alpha", "EURUSD", bid, bid + 10))
    fast = Reader(running.stub)
    await fast.until(bid_of("EURUSD", 102_999))
    fast.call.cancel()
    await reader.until(bid_of("EURUSD", 102_999))
    assert len(reader.seen) < 1000


async def test_watch_quotes_when_one_provider_withdraws_then_the_rest_goes_on(running, reader):
    running.gateway.send(
        provider_book("alpha", "EURUSD", 110000, 110010), provider_book("bravo", "EURUSD", 109990, 110020)
    )
    await reader.until(bid_of("EURUSD", 110000))
    running.gateway.send(provider_book("alpha", "EURUSD", None, None))
    await reader.until(bid_of("EURUSD", 109990))
    assert reader.newest["EURUSD"].bid_provider == "bravo"


async def test_watch_quotes_when_one_provider_sends_nonsense_then_it_leaves_and_the_rest_goes_on(running, reader):
    running.gateway.send(
        provider_book("alpha", "EURUSD", 110000, 110010), provider_book("bravo", "EURUSD", 109990, 110020)
    )
    await reader.until(bid_of("EURUSD", 110000))
    running.gateway.send(provider_book("alpha", "EURUSD", -1, 110010), provider_book("alpha", "NOSUCH", 110000, 110010))
    await reader.until(bid_of("EURUSD", 109990))


async def test_watch_quotes_when_providers_cross_then_the_quote_does_not(running, reader):
    running.gateway.send(
        provider_book("alpha", "EURUSD", 110020, 110030), provider_book("bravo", "EURUSD", 110000, 110010)
    )
    await reader.until(lambda newest: newest["EURUSD"].bid_quantity and newest["EURUSD"].ask_provider == "bravo")
    quote = reader.newest["EURUSD"]
    assert (quote.bid_points, quote.ask_points) == (110014, 110015)


@pytest.mark.parametrize("stale_ms", [500])
async def test_watch_quotes_when_a_provider_falls_silent_then_its_prices_leave(running, reader):
    running.gateway.send(provider_book("alpha", "EURUSD", 110000, 110010))
    await reader.until(bid_of("EURUSD", 110000))
    await reader.until(lambda newest: not newest["EURUSD"].bid_quantity)
    assert (reader.newest["EURUSD"].ask_quantity, reader.newest["EURUSD"].ask_provider) == (0, "")


async def test_watch_quotes_when_the_gateway_dies_then_quotes_are_withdrawn_and_come_back_with_it(running, reader):
    running.gateway.send(provider_book("alpha", "EURUSD", 110000, 110010))
    await reader.until(bid_of("EURUSD", 110000))
    await running.kill_gateway()
    await reader.until(lambda newest: not newest["EURUSD"].bid_quantity and not newest["EURUSD"].ask_quantity)
    await running.start_gateway()
    running.gateway.send(provider_book("alpha", "EURUSD", 110005, 110015))
    await reader.until(bid_of("EURUSD", 110005))


async def test_watch_quotes_when_the_gateway_hangs_then_quotes_are_withdrawn(running, reader):
    running.gateway.send(provider_book("alpha", "EURUSD", 110000, 110010))
    await reader.until(bid_of("EURUSD", 110000))
    running.gateway.feed.mute()
    await reader.until(lambda newest: not newest["EURUSD"].bid_quantity)


async def test_watch_quotes_gives_symbols_that_are_listed_later(running, reader):
    await reader.read()
    running.reference.settings.append(settings("XAUUSD", 2))
    running.market.list_symbols(await running.reference_client.digits())
    await reader.until(lambda newest: "XAUUSD" in newest)
    assert reader.newest["XAUUSD"].digits == 2


async def test_get_book_gives_the_merged_depth(running, reader):
    running.gateway.send(
        provider_book("alpha", "EURUSD", 110000, 110010), provider_book("bravo", "EURUSD", 110001, 110012)
    )
    await reader.until(bid_of("EURUSD", 110001))
    response = await running.stub.GetBook(pb.GetBookRequest(symbol="EURUSD"))
    assert response == pb.GetBookResponse(
        digits=5,
        bids=[
            pb.BookLevel(price_points=110001, quantity=100, provider="bravo"),
            pb.BookLevel(price_points=110000, quantity=100, provider="alpha"),
        ],
        asks=[
            pb.BookLevel(price_points=110010, quantity=100, provider="alpha"),
            pb.BookLevel(price_points=110012, quantity=100, provider="bravo"),
        ],
    )


@pytest.mark.parametrize(
    ("symbol", "kind", "reason"),
    [
        ("ABCDEF", Kind.NOT_FOUND, "SYMBOL_UNKNOWN"),
        ("eurusd", Kind.INVALID, "FIELD_INVALID"),
        ("", Kind.INVALID, "FIELD_INVALID"),
    ],
)
async def test_get_book_of_a_symbol_that_is_not_there_is_refused(running, symbol, kind, reason):
    with pytest.raises(EngineError) as caught:
        await running.stub.GetBook(pb.GetBookRequest(symbol=symbol))
    assert (caught.value.kind, caught.value.reason) == (kind, reason)


async def test_watch_quotes_at_a_readers_own_pace_conflates_what_comes_meanwhile(running):
    patient = Reader(running.stub)
    patient.call.cancel()
    patient.call = running.stub.WatchQuotes(pb.WatchQuotesRequest(pace_ms=200))
    await patient.read()
    quick = Reader(running.stub)
    for bid in (110000, 110001, 110002):
        running.gateway.send(provider_book("alpha", "EURUSD", bid, 110012))
        await quick.until(bid_of("EURUSD", bid))
    message = await patient.read()
    assert [quote.bid_points for quote in message.quotes if quote.symbol == "EURUSD"] == [110002]
    patient.call.cancel()
    quick.call.cancel()


async def test_watch_quotes_when_the_pace_is_too_slow_then_says_so(running):
    call = running.stub.WatchQuotes(pb.WatchQuotesRequest(pace_ms=201))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
