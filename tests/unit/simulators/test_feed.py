"""Subscriptions and what is published on them."""

import pytest

from simulators.lp.book import Book
from simulators.lp.feed import Feed, Quotes
from simulators.lp.instruments import INSTRUMENTS
from simulators.lp.market import GeneratedSource

START_S = 1_800_000_000.0


@pytest.fixture
def quotes():
    books = {symbol: Book(instrument) for symbol, instrument in INSTRUMENTS.items()}
    sources = {symbol: GeneratedSource(instrument, 1) for symbol, instrument in INSTRUMENTS.items()}
    made = Quotes(books, sources, 100.0, 1)
    made.open(START_S)
    return made


@pytest.fixture
def peer(quotes, new_peer):
    made = new_peer(Feed(quotes))
    made.log_on()
    return made


def subscribe(peer, symbol="EURUSD", request="r1", kind="1", depth=0, *more):
    body = [(262, request), (263, kind), (264, depth), *more, (267, 2), (269, 0), (269, 1), (146, 1), (55, symbol)]
    return peer.send("V", *body)


def publish(peer, quotes, seconds=1.0):
    start = START_S + 1
    for step in range(int(seconds * 100)):
        changes = quotes.advance(start + step / 100)
        peer.session._application.publish(changes)
    return peer.link.take()


def test_subscription_starts_with_a_snapshot_and_goes_on_with_increments(peer, quotes):
    (snapshot,) = subscribe(peer)
    assert (snapshot.type, snapshot.get(262), snapshot.get(55), snapshot.get(268)) == ("W", "r1", "EURUSD", "10")
    updates = publish(peer, quotes)
    assert updates
    assert {message.type for message in updates} == {"X"}
    assert {symbol for message in updates for symbol in message.all(55)} == {"EURUSD"}
    assert all(len(message.all(270)) == message.number(268) for message in updates)


def test_every_subscribed_symbol_is_in_one_message_per_slot(peer, quotes):
    for number, symbol in enumerate(INSTRUMENTS):
        subscribe(peer, symbol, f"r{number}")
    updates = publish(peer, quotes, 2.0)
    assert {symbol for message in updates for symbol in message.all(55)} == set(INSTRUMENTS)


def test_nothing_is_published_without_a_subscription(peer, quotes):
    assert publish(peer, quotes) == []


def test_snapshot_only_request_brings_no_updates(peer, quotes):
    assert [m.type for m in subscribe(peer, kind="0")] == ["W"]
    assert publish(peer, quotes) == []


def test_unsubscription_ends_the_updates(peer, quotes):
    subscribe(peer)
    subscribe(peer, request="r1", kind="2")
    assert publish(peer, quotes) == []


def test_depth_one_brings_only_the_best_levels(peer, quotes):
    (snapshot,) = subscribe(peer, "EURUSD", "r1", "1", 1)
    assert snapshot.get(268) == "2"
    ids = {entry for message in publish(peer, quotes) for entry in message.all(278)}
    assert ids == {"EURUSD.B1", "EURUSD.A1"}


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"symbol": "XYZ"}, "0"),
        ({"kind": "7"}, "4"),
        ({"depth": 99}, "5"),
    ],
)
def test_bad_request_is_rejected_with_its_reason(peer, request_, reason):
    (answer,) = subscribe(peer, **request_)
    assert (answer.type, answer.get(262), answer.get(281)) == ("Y", "r1", reason)


def test_full_refresh_updates_are_not_offered(peer):
    (answer,) = subscribe(peer, "EURUSD", "r1", "1", 0, (265, 0))
    assert (answer.type, answer.get(281)) == ("Y", "6")


def test_request_id_in_use_is_rejected(peer):
    subscribe(peer)
    (answer,) = subscribe(peer, "GBPUSD")
    assert (answer.type, answer.get(281)) == ("Y", "1")


def test_slow_reader_misses_updates_and_gets_snapshots_when_it_is_back(peer, quotes):
    subscribe(peer)
    peer.link.is_slow = True
    assert publish(peer, quotes) == []
    peer.link.is_slow = False
    messages = publish(peer, quotes)
    assert messages[0].type == "W"
    assert {message.type for message in messages[1:]} == {"X"}


def test_subscriptions_end_with_the_session(peer, quotes):
    subscribe(peer)
    peer.session.disconnected()
    peer.log_on()
    assert publish(peer, quotes) == []


def test_rate_is_kept_and_every_symbol_ticks_each_second(quotes):
    seen = {symbol: [] for symbol in INSTRUMENTS}
    quotes.advance(START_S)
    for step in range(1, 3001):
        now_s = START_S + step / 100
        for book, _ in quotes.advance(now_s):
            seen[book.instrument.symbol].append(now_s)
    assert 2950 <= sum(map(len, seen.values())) <= 3010
    for moments in seen.values():
        assert max(b - a for a, b in zip([START_S, *moments], moments, strict=False)) <= 1.0


def test_slow_rate_still_lets_every_symbol_tick_each_second():
    books = {symbol: Book(instrument) for symbol, instrument in INSTRUMENTS.items()}
    sources = {symbol: GeneratedSource(instrument, 1) for symbol, instrument in INSTRUMENTS.items()}
    quotes = Quotes(books, sources, 0.5, 1)
    quotes.open(START_S)
    seen = [book.instrument.symbol for n in range(100) for book, _ in quotes.advance(START_S + n / 10)]
    assert all(seen.count(symbol) >= 9 for symbol in INSTRUMENTS)
