"""One provider's books over time."""

from decimal import Decimal

import pytest

from services.fix_gateway.domain.market import ANSWER_US, REJECTED_US, RETRY_US, Listing, Market, same_symbols
from services.fix_gateway.domain.scale import Scale

S = 1_000_000
SENT_US = 1_795_393_108_362_767
BOOK = [("b1", 0, "1.08000", 100000), ("a1", 1, "1.08010", 200000)]


def listing(symbol, provider_symbol=None):
    return Listing(symbol, provider_symbol or symbol, Scale(5, Decimal(100_000)))


@pytest.fixture
def market():
    made = Market("alpha")
    made.relist([listing("EURUSD"), listing("GBPUSD", "GBP/USD")], 0)
    return made


@pytest.fixture
def eurusd(market, snapshot):
    """The market with a good book of EURUSD, received at second 1."""
    request = {r.provider_symbol: r for r in market.requests(0)}["EURUSD"]
    assert market.receive(snapshot("EURUSD", request.request_id, *BOOK), S) == ""
    market.changes()
    return market


def test_every_listed_symbol_is_subscribed_once(market):
    requests = market.requests(0)
    assert [(r.provider_symbol, r.ended_request_id) for r in requests] == [("EURUSD", ""), ("GBP/USD", "")]
    assert len({r.request_id for r in requests}) == 2
    assert market.requests(S) == []


def test_snapshot_becomes_a_book(market, snapshot):
    request = market.requests(0)[1]
    assert market.receive(snapshot("GBP/USD", request.request_id, *BOOK), S) == ""
    (book,) = market.changes()
    assert (book.provider, book.symbol, book.bids, book.offers) == (
        "alpha",
        "GBPUSD",
        ((108_000, 100),),
        ((108_010, 200),),
    )
    assert (book.received_us, book.provider_time_us) == (S, SENT_US)
    assert market.changes() == []


def test_subscription_that_is_not_answered_is_sent_again(market):
    first = market.requests(0)
    assert market.requests(ANSWER_US - 1) == []
    again = market.requests(ANSWER_US)
    assert [r.ended_request_id for r in again] == [r.request_id for r in first]


def test_snapshot_of_an_old_request_is_ignored(market, snapshot):
    old = market.requests(0)[0]
    market.requests(ANSWER_US)
    assert market.receive(snapshot("EURUSD", old.request_id, *BOOK), ANSWER_US + 1) == ""
    assert market.changes() == []


def test_increments_before_the_snapshot_are_ignored(market, increment):
    market.requests(0)
    assert market.receive(increment((1, 0, "b1", "EURUSD", "1.1", 100000)), S) == ""
    assert market.changes() == []
    assert not market.refused


def test_increment_changes_the_book(eurusd, increment):
    raw = increment((1, 0, "b1", "EURUSD", "1.08001", 100000), (0, 1, "a2", "EURUSD", "1.08009", 300000))
    assert eurusd.receive(raw, 2 * S) == ""
    (book,) = eurusd.changes()
    assert book.bids == ((108_001, 100),)
    assert book.offers == ((108_009, 300), (108_010, 200))
    assert book.received_us == 2 * S


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ((1, 0, "b9", "EURUSD", "1.08", 100000), "unknown_entry"),
        ((2, 1, "a9", "EURUSD", "", ""), "unknown_entry"),
        ((1, 0, "b1", "EURUSD", "0", 100000), "bad_price"),
        ((1, 0, "b1", "EURUSD", "-1.08", 100000), "bad_price"),
        ((1, 0, "b1", "EURUSD", "NaN", 100000), "bad_price"),
        ((1, 0, "b1", "EURUSD", "1.08", "-5"), "bad_quantity"),
    ],
)
def test_bad_entry_withdraws_the_book_and_asks_for_a_snapshot(eurusd, increment, entry, reason):
    assert eurusd.receive(increment(entry), 3 * S) == reason
    (book,) = eurusd.changes()
    assert book.is_empty
    assert eurusd.refused == {reason: 1}
    (request,) = [r for r in eurusd.requests(3 * S) if r.provider_symbol == "EURUSD"]
    assert request.ended_request_id == "EURUSD.1"


def test_bad_entry_of_one_symbol_leaves_the_others_alone(market, snapshot, increment):
    for request in market.requests(0):
        market.receive(snapshot(request.provider_symbol, request.request_id, *BOOK), S)
    market.changes()
    raw = increment((1, 0, "b1", "EURUSD", "bad", 1), (1, 0, "b1", "GBP/USD", "1.08005", 100000))
    assert market.receive(raw, 2 * S) == "bad_price"
    books = {book.symbol: book for book in market.changes()}
    assert books["EURUSD"].is_empty
    assert books["GBPUSD"].bids == ((108_005, 100),)


def test_book_is_good_again_after_the_new_snapshot(eurusd, increment, snapshot):
    eurusd.receive(increment((1, 0, "b9", "EURUSD", "1.08", 100000)), 3 * S)
    eurusd.changes()
    (request,) = eurusd.requests(3 * S)
    eurusd.receive(snapshot("EURUSD", request.request_id, *BOOK), 4 * S)
    (book,) = eurusd.changes()
    assert book.bids == ((108_000, 100),)


def test_broken_provider_is_not_asked_in_a_tight_loop(market, snapshot):
    count = 0
    for millisecond in range(10_000):
        for request in market.requests(millisecond * 1000):
            count += 1
            market.receive(snapshot(request.provider_symbol, request.request_id, ("b", 0, "0", 1)), millisecond * 1000)
    # Two symbols, ten seconds.
    assert count <= 2 * (10 * S // RETRY_US + 1)


def test_crossed_book_is_withdrawn_until_it_is_not_crossed(eurusd, increment):
    crossing = increment((1, 0, "b1", "EURUSD", "1.08010", 100000))
    eurusd.receive(crossing, 2 * S)
    (book,) = eurusd.changes()
    assert book.is_empty
    eurusd.receive(crossing, 2 * S)
    assert eurusd.changes() == []
    assert eurusd.refused == {"crossed": 1}
    eurusd.receive(increment((1, 0, "b1", "EURUSD", "1.08005", 100000)), 3 * S)
    (book,) = eurusd.changes()
    assert book.bids == ((108_005, 100),)


def test_message_that_crosses_and_uncrosses_is_judged_at_its_end(eurusd, increment):
    raw = increment((1, 0, "b1", "EURUSD", "1.08015", 100000), (1, 1, "a1", "EURUSD", "1.08020", 100000))
    eurusd.receive(raw, 2 * S)
    (book,) = eurusd.changes()
    assert book.bids == ((108_015, 100),)
    assert not eurusd.refused


def test_unreadable_message_withdraws_every_book(eurusd, raw):
    assert eurusd.receive(raw("X", "268=9|279=1|"), 2 * S) == "entry_count"
    (book,) = eurusd.changes()
    assert book.is_empty
    assert eurusd.requests(2 * S)


def test_possible_duplicate_is_no_price_and_withdraws(eurusd, increment):
    raw = increment((1, 0, "b1", "EURUSD", "1.08001", 100000), header="43=Y|")
    assert eurusd.receive(raw, 2 * S) == ""
    (book,) = eurusd.changes()
    assert book.is_empty


def test_unknown_symbol_is_counted_and_nothing_else(eurusd, increment, snapshot):
    assert eurusd.receive(increment((0, 0, "x", "XYZ", "1", 1)), 2 * S) == "unknown_symbol"
    assert eurusd.receive(snapshot("XYZ", "r", *BOOK), 2 * S) == "unknown_symbol"
    assert eurusd.refused == {"unknown_symbol": 2}
    assert eurusd.changes() == []


def test_logout_withdraws_what_was_shown_and_nothing_else(eurusd):
    eurusd.withdraw(2 * S)
    assert [(book.symbol, book.is_empty) for book in eurusd.changes()] == [("EURUSD", True)]
    eurusd.withdraw(3 * S)
    assert eurusd.changes() == []


def test_new_session_subscribes_everything_and_ends_nothing(eurusd):
    eurusd.withdraw(2 * S)
    eurusd.open(9 * S)
    assert [(r.provider_symbol, r.ended_request_id) for r in eurusd.requests(9 * S)] == [
        ("EURUSD", ""),
        ("GBP/USD", ""),
    ]


def test_rejected_subscription_is_tried_again_but_seldom(market):
    request = market.requests(0)[0]
    assert market.rejected(request.request_id.encode(), S) == "EURUSD"
    assert [r.provider_symbol for r in market.requests(S + ANSWER_US)] == ["GBP/USD"]
    assert "EURUSD" in [r.provider_symbol for r in market.requests(S + REJECTED_US)]
    assert market.rejected(b"unknown", S) == ""
    assert market.rejected(b"", S) == ""


def test_one_sided_and_empty_books_are_shown_as_they_are(market, snapshot):
    request = market.requests(0)[0]
    market.receive(snapshot("EURUSD", request.request_id, BOOK[0]), S)
    (book,) = market.changes()
    assert (book.bids, book.offers) == (((108_000, 100),), ())


def test_relisting_withdraws_and_subscribes_anew(eurusd):
    eurusd.relist([listing("EURUSD"), listing("USDJPY")], 5 * S)
    assert [(book.symbol, book.is_empty) for book in eurusd.changes()] == [("EURUSD", True)]
    requests = {r.provider_symbol: r.ended_request_id for r in eurusd.requests(5 * S)}
    assert requests == {"EURUSD": "EURUSD.1", "USDJPY": ""}


def test_same_symbols_means_the_same_units():
    one = {"EURUSD": listing("EURUSD")}
    assert same_symbols(one, {"EURUSD": listing("EURUSD")})
    assert not same_symbols(one, {})
    assert not same_symbols(one, {"EURUSD": listing("EURUSD", "EUR/USD")})
    assert not same_symbols(one, {"EURUSD": Listing("EURUSD", "EURUSD", Scale(4, Decimal(100_000)))})
