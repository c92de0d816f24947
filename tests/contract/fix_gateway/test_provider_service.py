"""The promises of `tradeloom.fix_gateway.v1.ProviderService`, on the wire."""

import asyncio
import time
from datetime import UTC, datetime

import grpc
import pytest
from tradeloom.fix_gateway.v1 import provider_service_pb2 as pb
from tradeloom.fix_gateway.v1 import provider_service_pb2_grpc as rpc

from services.fix_gateway.api import NewestBooks, ProviderService
from services.fix_gateway.domain.book import Book
from services.fix_gateway.domain.provider import SessionKey, SessionKind, SessionState
from services.kernel.clock import monotonic_us
from services.kit.channel import channel
from tests.fakes.wire import serving

MOMENT = datetime(2026, 11, 23, 0, 18, 28, 362_767, tzinfo=UTC)


def book(symbol="EURUSD", bid=108_000, provider="alpha", received_us=None):
    levels = ((bid, 100), (bid - 1, 200)) if bid else ()
    offers = ((bid + 9, 300),) if bid else ()
    return Book(provider, symbol, levels, offers, received_us or monotonic_us(), 1_795_393_108_362_767)


@pytest.fixture
async def books():
    return NewestBooks()


@pytest.fixture
async def states():
    return []


@pytest.fixture
async def stub(tmp_path, books, states):
    service = ProviderService(books, lambda: states)
    async with serving(tmp_path / "s.sock", service.register) as address, channel(address) as made:
        yield rpc.ProviderServiceStub(made)


async def read(call, seconds=3.0):
    async with asyncio.timeout(seconds):
        return await call.read()


async def test_watch_starts_with_every_book_that_stands_whole(stub, books):
    books.publish([book("EURUSD"), book("USDJPY", 15_000), book("EURUSD", 108_100, "bravo")])
    call = stub.WatchBooks(pb.WatchBooksRequest())
    first = await read(call)
    assert {(b.provider, b.symbol) for b in first.books} == {
        ("alpha", "EURUSD"),
        ("alpha", "USDJPY"),
        ("bravo", "EURUSD"),
    }
    eurusd = next(b for b in first.books if (b.provider, b.symbol) == ("alpha", "EURUSD"))
    assert list(eurusd.bid_points) == [108_000, 107_999]
    assert list(eurusd.bid_quantities) == [100, 200]
    assert list(eurusd.ask_points) == [108_009]
    assert list(eurusd.ask_quantities) == [300]
    assert eurusd.provider_time_us == 1_795_393_108_362_767
    call.cancel()


async def test_watch_then_gives_what_changes_and_nothing_else(stub, books):
    books.publish([book("EURUSD"), book("USDJPY")])
    call = stub.WatchBooks(pb.WatchBooksRequest())
    await read(call)
    books.publish([book("EURUSD", 108_005)])
    second = await read(call)
    assert [(b.symbol, b.bid_points[0]) for b in second.books] == [("EURUSD", 108_005)]
    call.cancel()


async def test_watch_gives_a_slow_reader_the_newest_and_no_queue(stub, books):
    call = stub.WatchBooks(pb.WatchBooksRequest())
    assert not (await read(call)).books
    for bid in range(108_000, 113_000):
        books.publish([book("EURUSD", bid)])
    seen = await read(call)
    assert [b.bid_points[0] for b in seen.books] == [112_999]
    call.cancel()


async def test_watch_conflates_what_comes_too_soon_after_a_message(tmp_path, books):
    service = ProviderService(books, list, pace_s=0.2)
    async with serving(tmp_path / "p.sock", service.register) as address, channel(address) as made:
        stub = rpc.ProviderServiceStub(made)
        call = stub.WatchBooks(pb.WatchBooksRequest())
        began = time.monotonic()
        await read(call)
        for bid in (108_000, 108_001, 108_002):
            books.publish([book("EURUSD", bid), book(f"ONLY{bid}", bid)])
            await stub.ListSessions(pb.ListSessionsRequest())  # Lets the watch see each of them by itself.
        message = await read(call)
        assert time.monotonic() - began >= 0.15
        seen = {b.symbol: b.bid_points[0] for b in message.books}
        assert seen == {"EURUSD": 108_002, "ONLY108000": 108_000, "ONLY108001": 108_001, "ONLY108002": 108_002}
        assert len(message.books) == len(seen)
        call.cancel()


async def test_book_without_levels_withdraws(stub, books):
    books.publish([book()])
    call = stub.WatchBooks(pb.WatchBooksRequest())
    await read(call)
    books.publish([book(bid=0)])
    (withdrawn,) = (await read(call)).books
    assert (withdrawn.provider, withdrawn.symbol) == ("alpha", "EURUSD")
    assert not withdrawn.bid_points
    assert not withdrawn.ask_points
    call.cancel()


async def test_silence_is_filled_with_heartbeats(stub):
    call = stub.WatchBooks(pb.WatchBooksRequest())
    start = time.monotonic()
    for _ in range(2):
        assert not (await read(call)).books
    assert 0.4 <= time.monotonic() - start < 2.0
    call.cancel()


async def test_age_is_that_of_the_book_when_it_leaves(stub, books):
    books.publish([book(received_us=monotonic_us() - 2_000_000)])
    call = stub.WatchBooks(pb.WatchBooksRequest())
    (old,) = (await read(call)).books
    assert 2_000_000 <= old.age_us < 3_000_000
    call.cancel()


async def test_two_watchers_get_the_same(stub, books):
    calls = [stub.WatchBooks(pb.WatchBooksRequest()) for _ in range(2)]
    for call in calls:
        assert not (await read(call)).books
    books.publish([book()])
    for call in calls:
        assert [b.symbol for b in (await read(call)).books] == ["EURUSD"]
        call.cancel()


async def test_watcher_that_leaves_is_forgotten(stub, books):
    call = stub.WatchBooks(pb.WatchBooksRequest())
    await read(call)
    assert len(books.broadcast._subscribers) == 1
    call.cancel()
    async with asyncio.timeout(3):
        while books.broadcast._subscribers:  # noqa: ASYNC110 -- nobody is told when a stream ends
            await asyncio.sleep(0.01)


async def test_watch_beyond_its_deadline_ends_with_that_status(stub):
    call = stub.WatchBooks(pb.WatchBooksRequest(), timeout=0.1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(call)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_sessions_are_listed_by_provider_and_kind(stub, states):
    states += [
        SessionState(SessionKey("bravo", SessionKind.QUOTE)),
        SessionState(SessionKey("alpha", SessionKind.TRADE), True, MOMENT, 7, 2),
        SessionState(SessionKey("alpha", SessionKind.QUOTE)),
    ]
    answer = await stub.ListSessions(pb.ListSessionsRequest())
    assert [(s.provider, s.kind) for s in answer.sessions] == [
        ("alpha", pb.SESSION_KIND_QUOTE),
        ("alpha", pb.SESSION_KIND_TRADE),
        ("bravo", pb.SESSION_KIND_QUOTE),
    ]
    trade = answer.sessions[1]
    assert (trade.logged_on, trade.received_count, trade.refused_count) == (True, 7, 2)
    assert trade.change_time.ToDatetime(tzinfo=UTC) == MOMENT
    assert not answer.sessions[0].HasField("change_time")
