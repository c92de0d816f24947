"""Account changes over a real WebSocket."""

import asyncio
from uuid import UUID

import pytest

from services.kernel.ids import new_id
from services.kit.bus.port import Event
from tests.fakes.stream_upstreams import ACCOUNT, TOPIC

STRANGER = UUID("018f4a00-0000-7000-8000-000000000002")


async def subscribe(client, message_id: str = "3", **options) -> dict:
    return await client.ask(op="subscribe", id=message_id, channel="account", account_id=ACCOUNT, **options)


def sequences(frame: dict) -> list[int]:
    return [int(change["sequence"]) for change in frame["data"]["changes"]]


async def until_sequence(client, last: int) -> list[int]:
    """The sequences of all changes that come, until the last."""
    seen: list[int] = []
    while not seen or seen[-1] < last:
        frame = await client.account()
        assert frame["type"] == "delta"
        assert frame["seq"] == sequences(frame)[-1]
        seen += sequences(frame)
    return seen


async def test_subscribe_then_the_snapshot_comes_first(world) -> None:
    world.books.commit(3)
    async with world.authenticated() as client:
        answer = await subscribe(client)

        assert answer == {"op": "ack", "id": "3", "ok": True, "channel": "account", "account_id": ACCOUNT}
        snapshot = await client.account()
        assert (snapshot["type"], snapshot["seq"], snapshot["account_id"]) == ("snapshot", 3, ACCOUNT)
        assert snapshot["data"]["summary"]["balance"] == "100003.00"
        assert [position["position_id"] for position in snapshot["data"]["positions"]] == ["p1"]


async def test_a_change_then_a_delta_with_the_events_and_the_summary(world) -> None:
    async with world.authenticated() as client:
        await subscribe(client)
        await client.account()

        await world.bus.publish([world.books.commit(2)])

        delta = await client.account()
        assert (delta["type"], delta["seq"]) == ("delta", 2)
        assert sequences(delta) == [1, 2]
        assert delta["data"]["changes"][0]["order"]["side"] == "SIDE_BUY"
        assert delta["data"]["changes"][0]["order"]["state"] == "ORDER_STATE_FILLED"
        assert delta["data"]["summary"]["balance"] == "100002.00"
        assert delta["data"]["summary"]["prices_current"] is False


async def test_a_change_announced_twice_then_it_comes_once(world) -> None:
    async with world.authenticated() as client:
        await subscribe(client)
        await client.account()
        event = world.books.commit()

        await world.bus.publish([event, event, world.books.commit(), event])
        await world.bus.publish([world.books.commit()])

        assert await until_sequence(client, 3) == [1, 2, 3]


async def test_an_announcement_is_lost_then_the_gap_is_filled_from_the_books(world) -> None:
    async with world.authenticated() as client:
        await subscribe(client)
        await client.account()
        await world.bus.publish([world.books.commit()])
        world.books.commit(3)  # Never announced.

        await world.bus.publish([world.books.commit()])

        assert await until_sequence(client, 5) == [1, 2, 3, 4, 5]
        assert world.stream.statistics.gap_count == 1


async def test_the_books_are_away_when_a_gap_is_to_be_filled_then_it_is_filled_later(world) -> None:
    async with world.authenticated() as client:
        await subscribe(client)
        await client.account()
        world.books.commit(2)
        world.books.down = True
        before = world.books.calls.count("ListChanges")

        await world.bus.publish([world.books.commit()])
        await world.until(lambda: world.books.calls.count("ListChanges") >= before + 2)
        await world.bus.publish([world.books.commit()])
        world.books.down = False

        assert await until_sequence(client, 4) == [1, 2, 3, 4]


async def test_the_bus_was_away_then_what_was_missed_is_fetched(world) -> None:
    async with world.authenticated() as client:
        await subscribe(client)
        await client.account()
        world.bus.take_down()
        world.books.commit(2)

        world.bus.bring_back()

        assert await until_sequence(client, 2) == [1, 2]


async def test_subscribe_since_a_sequence_then_what_came_after_and_no_snapshot(world) -> None:
    world.books.commit(5)
    async with world.authenticated() as client:
        assert (await subscribe(client, since_sequence=2))["ok"]

        assert await until_sequence(client, 5) == [3, 4, 5]
        await world.bus.publish([world.books.commit()])
        assert await until_sequence(client, 6) == [6]


async def test_subscribe_since_long_ago_then_all_of_it_in_pages(world) -> None:
    world.books.commit(950)
    async with world.authenticated() as client:
        assert (await subscribe(client, since_sequence=0))["ok"]

        assert await until_sequence(client, 950) == list(range(1, 951))


async def test_subscribe_since_the_last_sequence_then_only_what_is_new(world) -> None:
    world.books.commit(5)
    async with world.authenticated() as client:
        assert (await subscribe(client, since_sequence=5))["ok"]
        await world.bus.publish([world.books.commit()])

        assert await until_sequence(client, 6) == [6]


@pytest.mark.parametrize(("since", "reason"), [(6, "SEQUENCE_UNKNOWN"), (0, "SEQUENCE_TOO_OLD")])
async def test_subscribe_since_a_sequence_that_can_not_be_resumed_then_refused(world, since, reason) -> None:
    world.books.commit(5 if since else 5_001)
    async with world.authenticated() as client:
        answer = await subscribe(client, since_sequence=since)

        assert (answer["ok"], answer["reason"]) == (False, reason)
        assert world.stream.statistics.account_count == 0


async def test_changes_while_subscribing_then_none_is_lost_or_doubled(world) -> None:
    async with world.authenticated() as client:
        stop = asyncio.Event()

        async def trade() -> None:
            while not stop.is_set():
                await world.bus.publish([world.books.commit()])
                await asyncio.sleep(0)

        trading = asyncio.create_task(trade())
        await subscribe(client)
        stop.set()
        await trading
        last = world.books.last + 1
        await world.bus.publish([world.books.commit()])

        snapshot = await client.account()
        assert snapshot["type"] == "snapshot"
        assert await until_sequence(client, last) == list(range(snapshot["seq"] + 1, last + 1))


async def test_somebody_elses_account_then_it_is_as_unknown_as_one_that_is_not(world) -> None:
    async with world.authenticated(STRANGER) as client:
        theirs = await subscribe(client)
        nobodys = await client.ask(op="subscribe", id="4", channel="account", account_id=str(new_id()))

        assert (theirs["ok"], theirs["reason"]) == (False, "ACCOUNT_UNKNOWN")
        assert {**theirs, "id": "4"} == nobodys
        await world.bus.publish([world.books.commit()])
        assert world.stream.statistics.account_count == 0


async def test_the_books_are_away_then_unavailable_and_quotes_go_on(world) -> None:
    world.books.down = True
    async with world.authenticated() as client:
        answer = await subscribe(client)

        assert (answer["ok"], answer["reason"]) == (False, "UNAVAILABLE")
        assert (await client.ask(op="subscribe", id="5", channel="quotes", symbols=["EURUSD"]))["ok"]
        assert (await client.quotes())["type"] == "snapshot"


async def test_the_bus_is_away_then_unavailable_and_quotes_go_on(world) -> None:
    world.bus.take_down()
    async with world.authenticated() as client:
        answer = await subscribe(client)

        assert (answer["ok"], answer["reason"]) == (False, "UNAVAILABLE")
        assert (await client.ask(op="subscribe", id="5", channel="quotes", symbols=["EURUSD"]))["ok"]


async def test_an_announcement_that_can_not_be_read_then_the_books_are_asked(world) -> None:
    async with world.authenticated() as client:
        await subscribe(client)
        await client.account()
        world.books.commit(1)

        await world.bus.publish([Event(TOPIC, ACCOUNT, new_id(), b"\xff\xff\xff")])

        assert await until_sequence(client, 1) == [1]


async def test_unsubscribe_then_nothing_comes_any_more(world) -> None:
    async with world.authenticated() as client:
        await subscribe(client)
        await client.account()

        answer = await client.ask(op="unsubscribe", id="5", channel="account", account_id=ACCOUNT)
        await world.bus.publish([world.books.commit()])

        assert answer["ok"]
        await subscribe(client, "6")
        assert (await client.account())["type"] == "snapshot"


async def test_two_clients_then_both_get_each_change(world) -> None:
    async with world.authenticated() as one, world.authenticated() as two:
        await subscribe(one)
        await subscribe(two)
        await one.account()
        await two.account()

        await world.bus.publish([world.books.commit(), world.books.commit()])

        assert await until_sequence(one, 2) == await until_sequence(two, 2) == [1, 2]


async def test_a_reader_that_falls_far_behind_then_closed_and_it_resumes_without_a_gap(world) -> None:
    async with world.authenticated(max_queue=1) as slow:
        await subscribe(slow)
        await slow.account()
        slow.connection.transport.pause_reading()

        sent = 0
        while not world.stream.statistics.slow_close_count:
            await world.bus.publish([world.books.commit(200)])
            await asyncio.sleep(0)
            sent += 1
            assert sent < 500
        slow.connection.transport.resume_reading()

    async with world.authenticated() as again:
        since = world.books.last - 300
        assert (await subscribe(again, since_sequence=since))["ok"]
        assert await until_sequence(again, world.books.last) == list(range(since + 1, world.books.last + 1))
