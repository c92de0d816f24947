"""The book of one symbol: best price, uncrossing, sanity, depth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lp_manager.domain.book import NOTHING, Level, ProviderBook, SymbolBook, flaw


def book(bids, asks, received_us=1000, made_us=7):
    """A book of (price, quantity) pairs."""
    return ProviderBook(
        [p for p, _ in bids], [q for _, q in bids], [p for p, _ in asks], [q for _, q in asks], received_us, made_us
    )


def best(symbol_book):
    _, found = symbol_book.best()
    return (found.bid_points, found.bid_quantity, found.bid_provider), (
        found.ask_points,
        found.ask_quantity,
        found.ask_provider,
    )


@pytest.fixture
def symbol_book():
    return SymbolBook()


def test_an_empty_book_has_no_price(symbol_book):
    assert symbol_book.best() == (1, NOTHING)


def test_the_best_bid_is_the_highest_and_the_best_ask_the_lowest(symbol_book):
    symbol_book.replace("alpha", book([(100, 10), (99, 20)], [(105, 10)]))
    symbol_book.replace("bravo", book([(102, 30)], [(106, 40)]))
    symbol_book.replace("charlie", book([(101, 50)], [(104, 60)]))
    assert best(symbol_book) == ((102, 30, "bravo"), (104, 60, "charlie"))


def test_providers_at_the_same_best_price_add_up_and_the_first_gives_the_name(symbol_book):
    symbol_book.replace("bravo", book([(100, 10)], [(105, 1)]))
    symbol_book.replace("alpha", book([(100, 20)], [(105, 2)]))
    symbol_book.replace("charlie", book([(99, 40)], [(106, 4)]))
    assert best(symbol_book) == ((100, 30, "bravo"), (105, 3, "bravo"))


def test_a_provider_may_offer_one_side_only(symbol_book):
    symbol_book.replace("alpha", book([(100, 10)], []))
    assert best(symbol_book) == ((100, 10, "alpha"), (0, 0, ""))
    symbol_book.replace("alpha", book([], [(105, 10)]))
    assert best(symbol_book) == ((0, 0, ""), (105, 10, "alpha"))


def test_a_new_book_replaces_the_old_one_whole(symbol_book):
    symbol_book.replace("alpha", book([(100, 10)], [(105, 10)]))
    symbol_book.replace("alpha", book([(90, 10)], [(115, 10)]))
    assert best(symbol_book) == ((90, 10, "alpha"), (115, 10, "alpha"))


def test_a_book_without_levels_withdraws_the_provider(symbol_book):
    symbol_book.replace("alpha", book([(100, 10)], [(105, 10)]))
    symbol_book.replace("alpha", book([], []))
    assert symbol_book.best() == (1, NOTHING)


def test_withdrawing_the_best_leaves_the_next(symbol_book):
    symbol_book.replace("alpha", book([(100, 10)], [(105, 10)]))
    symbol_book.replace("bravo", book([(99, 10)], [(106, 10)]))
    assert symbol_book.withdraw("alpha") is True
    assert symbol_book.withdraw("alpha") is False
    assert best(symbol_book) == ((99, 10, "bravo"), (106, 10, "bravo"))


@pytest.mark.parametrize(
    ("bid", "ask", "shown"),
    [
        (100, 101, (100, 101)),
        (100, 100, (99, 100)),  # touching
        (101, 100, (100, 101)),  # the middle lies between two points
        (102, 100, (100, 101)),  # the middle is a point: downwards
        (112, 100, (105, 106)),
        (2, 1, (1, 2)),
        (1, 1, (1, 2)),  # never below one point
    ],
)
def test_providers_that_cross_are_shown_around_the_middle_one_point_apart(symbol_book, bid, ask, shown):
    symbol_book.replace("alpha", book([(bid, 10)], [(ask + 1000, 10)]))
    symbol_book.replace("bravo", book([], [(ask, 20)]))
    (bid_points, *bid_rest), (ask_points, *ask_rest) = best(symbol_book)
    assert (bid_points, ask_points) == shown
    assert (bid_rest, ask_rest) == ([10, "alpha"], [20, "bravo"])


def test_the_sequence_grows_when_the_price_changes_and_when_it_is_confirmed(symbol_book):
    symbol_book.replace("alpha", book([(100, 10)], [(105, 10)], received_us=1000))
    assert symbol_book.best()[0] == 2
    assert symbol_book.best()[0] == 2
    symbol_book.replace("alpha", book([(100, 10)], [(105, 10)], received_us=2000))
    assert symbol_book.best()[0] == 3
    symbol_book.replace("alpha", book([(100, 10)], [(104, 10)], received_us=2000))
    assert symbol_book.best()[0] == 4


def test_the_sequence_stays_when_a_provider_behind_the_best_moves(symbol_book):
    symbol_book.replace("alpha", book([(100, 10)], [(105, 10)]))
    sequence, _ = symbol_book.best()
    symbol_book.replace("bravo", book([(90, 10)], [(115, 10)], received_us=9000))
    symbol_book.withdraw("bravo")
    assert symbol_book.best()[0] == sequence


def test_many_changes_between_two_looks_make_one_quote(symbol_book):
    for price in range(100, 150):
        symbol_book.replace("alpha", book([(price, 10)], [(price + 5, 10)]))
    assert symbol_book.best()[0] == 2


def test_the_times_are_those_of_the_newest_price_in_the_quote(symbol_book):
    symbol_book.replace("alpha", book([(100, 10)], [(110, 10)], received_us=1000, made_us=50))
    symbol_book.replace("bravo", book([(90, 10)], [(105, 10)], received_us=2000, made_us=40))
    symbol_book.replace("charlie", book([(80, 10)], [(120, 10)], received_us=3000, made_us=60))
    _, found = symbol_book.best()
    assert (found.received_us, found.provider_time_us) == (2000, 40)


def test_expire_takes_out_those_that_were_heard_at_the_limit_or_before(symbol_book):
    symbol_book.replace("alpha", book([(100, 10)], [(105, 10)], received_us=1000))
    symbol_book.replace("bravo", book([(99, 10)], [(106, 10)], received_us=1001))
    assert symbol_book.last_heard_us() == 1000
    assert symbol_book.expire(999) == []
    assert symbol_book.expire(1000) == ["alpha"]
    assert best(symbol_book) == ((99, 10, "bravo"), (106, 10, "bravo"))
    assert symbol_book.last_heard_us() == 1001


def test_depth_merges_all_levels_best_first_and_may_cross(symbol_book):
    symbol_book.replace("alpha", book([(100, 1), (98, 2)], [(101, 3)]))
    symbol_book.replace("bravo", book([(102, 4), (98, 5)], [(103, 6), (104, 7)]))
    depth = symbol_book.depth()
    assert depth.bids == [Level(102, 4, "bravo"), Level(100, 1, "alpha"), Level(98, 2, "alpha"), Level(98, 5, "bravo")]
    assert depth.asks == [Level(101, 3, "alpha"), Level(103, 6, "bravo"), Level(104, 7, "bravo")]


@pytest.mark.parametrize(
    ("bids", "asks", "found"),
    [
        ([(100, 10)], [(101, 10)], None),
        ([(100, 10)], [(100, 10)], None),  # a spread of nothing is an offer all the same
        ([], [], None),
        ([(100, 10)], [], None),
        ([(0, 10)], [(101, 10)], "price"),
        ([(100, 10)], [(-101, 10)], "price"),
        ([(100, 10), (-5, 10)], [(101, 10)], "price"),
        ([(100, 0)], [(101, 10)], "quantity"),
        ([(100, 10)], [(101, 10), (102, -1)], "quantity"),
        ([(99, 10), (100, 10)], [(101, 10)], "unsorted"),
        ([(100, 10)], [(102, 10), (101, 10)], "unsorted"),
        ([(102, 10)], [(101, 10)], "crossed"),
    ],
)
def test_the_flaw_of_a_providers_book(bids, asks, found):
    assert flaw(book(bids, asks)) == found


def test_prices_and_quantities_of_different_count_are_a_flaw():
    assert flaw(ProviderBook([100, 99], [10], [101], [10], 0, 0)) == "uneven"
    assert flaw(ProviderBook([100], [10], [101], [], 0, 0)) == "uneven"


offers = st.tuples(
    st.sampled_from(["alpha", "bravo", "charlie"]),
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)), max_size=3),
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)), max_size=3),
)


@given(st.lists(offers, max_size=12))
def test_a_quote_is_never_crossed_and_agrees_with_the_merged_depth(changes):
    symbol_book = SymbolBook()
    for provider, bids, asks in changes:
        made = book(sorted(dict(bids).items(), reverse=True), sorted(dict(asks).items()))
        if flaw(made) is None:
            symbol_book.replace(provider, made)
    _, found = symbol_book.best()
    depth = symbol_book.depth()
    for levels, points, quantity in (
        (depth.bids, found.bid_points, found.bid_quantity),
        (depth.asks, found.ask_points, found.ask_quantity),
    ):
        assert (quantity > 0) == (points > 0) == bool(levels)
        assert quantity == sum(level.quantity for level in levels if level.points == levels[0].points)
    if depth.bids and depth.asks:
        assert found.bid_points < found.ask_points
        if depth.bids[0].points < depth.asks[0].points:
            assert (found.bid_points, found.ask_points) == (depth.bids[0].points, depth.asks[0].points)
