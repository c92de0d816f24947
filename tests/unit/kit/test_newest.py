"""Conflation: the newest value of each key, and never a queue."""

import asyncio

from services.kit.newest import Broadcast, Newest


async def test_a_newer_value_replaces_the_one_that_was_not_taken():
    newest = Newest()
    newest.put("a", 1)
    newest.put("b", 2)
    newest.put("a", 3)
    assert await newest.take(10) == [3, 2]


async def test_what_was_taken_does_not_come_again():
    newest = Newest()
    newest.put("a", 1)
    assert await newest.take(10) == [1]
    assert await newest.take(0) == []


async def test_take_waits_for_a_value():
    newest = Newest()
    taking = asyncio.create_task(newest.take(10))
    await asyncio.sleep(0)
    assert not taking.done()
    newest.put("a", 1)
    assert await taking == [1]


async def test_take_gives_up_empty_after_its_time_and_loses_nothing_that_comes_later():
    newest = Newest()
    assert await newest.take(0.001) == []
    newest.put("a", 1)
    assert await newest.take(10) == [1]


async def test_a_subscriber_starts_with_the_last_value_of_every_key():
    broadcast = Broadcast()
    broadcast.publish("a", 1)
    broadcast.publish("b", 2)
    broadcast.publish("a", 3)
    with broadcast.subscribe() as newest:
        assert await newest.take(10) == [3, 2]


async def test_every_subscriber_gets_every_key_at_its_own_pace():
    broadcast = Broadcast()
    with broadcast.subscribe() as fast, broadcast.subscribe() as slow:
        for value in range(3):
            broadcast.publish("a", value)
            assert await fast.take(10) == [value]
        assert await slow.take(10) == [2]


async def test_one_that_left_is_told_nothing_more():
    broadcast = Broadcast()
    with broadcast.subscribe() as newest:
        pass
    broadcast.publish("a", 1)
    assert await newest.take(0) == []
