"""Quotes over a real WebSocket."""

import asyncio

import pytest

from services.kernel.clock import monotonic
from tests.fakes.quotes import FakeReference, settings

MICROSECOND = 1_772_445_600_123_456


async def test_subscribe_then_the_snapshot_has_the_quotes_that_stand(world) -> None:
    world.quote(provider_time_us=MICROSECOND)
    await world.until(lambda: world.stream.quotes._board.version == 1)

    async with world.authenticated() as client:
        answer = await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD", "USDJPY"])

        assert answer == {"op": "ack", "id": "2", "ok": True, "channel": "quotes"}
        assert await client.quotes() == {
            "ch": "quotes",
            "type": "snapshot",
            "seq": 1,
            "data": [
                {
                    "symbol": "EURUSD",
                    "bid": "1.10000",
                    "ask": "1.10002",
                    "bid_quantity": "5.00",
                    "ask_quantity": "12.50",
                    "provider_time": "2026-03-02T10:00:00.123456Z",
                    "quote_id": "7-1",
                },
                {"symbol": "USDJPY", "quote_id": ""},
            ],
        }


async def test_a_change_then_a_delta_has_only_what_changed(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD", "USDJPY"], conflate_ms=10)
        await client.quotes()

        world.quote("USDJPY", 150123, 150125, digits=3)

        delta = await client.quotes()
        assert (delta["type"], delta["seq"]) == ("delta", 2)
        assert [(quote["symbol"], quote["bid"], quote["ask"]) for quote in delta["data"]] == [
            ("USDJPY", "150.123", "150.125")
        ]


async def test_a_change_of_a_symbol_not_subscribed_then_nothing_comes(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"], conflate_ms=10)
        await client.quotes()
        world.quote("USDJPY", 150123, 150125, digits=3)
        await world.until(lambda: world.stream.quotes._board.version == 1)

        world.quote("EURUSD")

        assert [quote["symbol"] for quote in (await client.quotes())["data"]] == ["EURUSD"]


async def test_many_changes_in_one_period_then_one_delta_with_the_newest(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"], conflate_ms=500)
        await client.quotes()

        for sequence in range(1, 101):
            world.quote(bid=110000 + sequence, sequence=sequence)
        await world.until(lambda: world.sequence("EURUSD") == 100)
        frames = [await client.quotes()]
        while frames[-1]["data"][0]["quote_id"] != "7-100":
            frames.append(await client.quotes())

        assert len(frames) <= 3
        assert [frame["seq"] for frame in frames] == list(range(2, 2 + len(frames)))


async def test_a_side_that_nobody_quotes_then_it_is_absent(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"], conflate_ms=10)
        await client.quotes()

        world.quote(ask=0, ask_quantity=0)

        (quote,) = (await client.quotes())["data"]
        assert quote["bid"] == "1.10000"
        assert not {"ask", "ask_quantity"} & quote.keys()


async def test_a_quote_that_gets_too_old_then_its_prices_are_withdrawn(make_world) -> None:
    async with (
        make_world(reference=FakeReference(settings("EURUSD", age_ms=100))) as world,
        world.authenticated() as client,
    ):
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"], conflate_ms=10)
        await client.quotes()
        began = monotonic()

        world.quote()

        assert (await client.quotes())["data"][0]["bid"] == "1.10000"
        (withdrawn,) = (await client.quotes())["data"]
        assert withdrawn == {"symbol": "EURUSD", "provider_time": "1970-01-01T00:00:00Z", "quote_id": "7-1"}
        assert monotonic() - began >= 0.1


async def test_a_quote_that_comes_too_old_then_it_is_never_a_price(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"], conflate_ms=10)
        await client.quotes()

        world.quote(age_us=6_000_000)

        (quote,) = (await client.quotes())["data"]
        assert "bid" not in quote
        assert "ask" not in quote


async def test_the_source_falls_silent_then_all_prices_are_withdrawn(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"], conflate_ms=10)
        await client.quotes()
        world.quote()
        assert "bid" in (await client.quotes())["data"][0]

        world.quotes.feed.mute()

        assert "bid" not in (await client.quotes())["data"][0]


async def test_the_same_quote_again_then_nothing_comes_and_it_stays_fresh(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"], conflate_ms=10)
        await client.quotes()
        world.quote()
        await client.quotes()

        world.quote()
        world.quote(sequence=2, bid=109999)

        delta = await client.quotes()
        assert (delta["seq"], delta["data"][0]["quote_id"]) == (3, "7-2")


async def test_subscribe_when_subscribed_then_symbols_are_added_and_a_snapshot_has_all(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"])
        await client.quotes()

        await client.ask(op="subscribe", id="3", channel="quotes", symbols=["USDJPY"])

        snapshot = await client.quotes()
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", 2)
        assert [quote["symbol"] for quote in snapshot["data"]] == ["EURUSD", "USDJPY"]


async def test_unsubscribe_then_the_symbol_comes_no_more(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD", "USDJPY"], conflate_ms=10)
        await client.quotes()

        assert (await client.ask(op="unsubscribe", id="3", channel="quotes", symbols=["EURUSD"]))["ok"]
        world.quote("EURUSD")
        await world.until(lambda: world.stream.quotes._board.version == 1)
        world.quote("USDJPY", 150123, 150125, digits=3)

        assert [quote["symbol"] for quote in (await client.quotes())["data"]] == ["USDJPY"]


async def test_unsubscribe_when_no_symbol_is_named_then_all_are(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD", "USDJPY"])

        assert (await client.ask(op="unsubscribe", id="3", channel="quotes"))["ok"]

        assert world.stream.statistics.quote_subscriber_count == 0


async def test_subscribe_when_a_symbol_is_unknown_then_nothing_is_subscribed(world) -> None:
    async with world.authenticated() as client:
        answer = await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD", "NOPE"])

        assert (answer["ok"], answer["reason"]) == (False, "SYMBOL_UNKNOWN")
        assert "NOPE" in answer["message"]
        assert world.stream.statistics.quote_subscriber_count == 0


@pytest.mark.parametrize("conflate_ms", [9, 5001, -1, 10**30])
async def test_subscribe_when_conflation_is_out_of_range_then_it_is_refused(world, conflate_ms: int) -> None:
    async with world.authenticated() as client:
        answer = await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"], conflate_ms=conflate_ms)

        assert (answer["ok"], answer["reason"]) == (False, "FIELD_INVALID")


async def test_subscribe_when_instruments_are_not_known_yet_then_unavailable(make_world) -> None:
    async with make_world(reference=FakeReference(), ready=False) as world, world.authenticated() as client:
        answer = await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"])

        assert (answer["ok"], answer["reason"]) == (False, "UNAVAILABLE")


async def test_a_reader_that_stops_reading_then_skips_to_the_newest(world) -> None:
    async with world.authenticated(max_queue=1) as client:
        symbols = ["EURUSD"]
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=symbols, conflate_ms=10)
        await client.quotes()
        socket = next(iter(next(group for group in world.stream.connections._groups if group)))._wire

        client.connection.transport.pause_reading()
        socket.pause_writing()  # As the transport says when 64 KiB wait.
        for sequence in range(1, 51):
            world.quote(bid=110000 + sequence, sequence=sequence)
        await world.until(lambda: world.stream.quotes.fanout.skip_count >= 3)
        await world.until(lambda: world.sequence("EURUSD") == 50)
        socket.resume_writing()
        client.connection.transport.resume_reading()

        frame = await client.quotes()
        assert (frame["seq"], frame["data"][0]["quote_id"]) == (2, "7-50")


async def test_heartbeats_come_each_second_and_count(world) -> None:
    async with world.authenticated() as client:
        first = await client.until(lambda heard: heard.get("ch") == "heartbeat")
        began = asyncio.get_running_loop().time()
        second = await client.until(lambda heard: heard.get("ch") == "heartbeat")

        assert (first["n"], second["n"]) == (1, 2)
        assert first["ts"].endswith("Z")
        assert 0.8 < asyncio.get_running_loop().time() - began < 3
