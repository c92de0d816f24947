"""Building the book of one symbol."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fix_gateway.domain.book import LEVELS_MAX, Book, Broken, Levels
from services.fix_gateway.domain.scale import BadValue, Scale

SYMBOL = b"EURUSD"


def entry(action, side, key, price=b"", size=b""):
    return action, side, key, SYMBOL, price, size


@pytest.fixture
def levels():
    made = Levels(Scale(5, Decimal(100_000)))
    made.replace(
        [
            entry(b"0", b"0", b"b1", b"1.08000", b"100000"),
            entry(b"0", b"0", b"b2", b"1.07990", b"200000"),
            entry(b"0", b"1", b"a1", b"1.08010", b"300000"),
        ]
    )
    return made


def test_snapshot_gives_both_sides_best_first(levels):
    assert levels.bids() == ((108_000, 100), (107_990, 200))
    assert levels.offers() == ((108_010, 300),)


def test_change_of_price_moves_the_level(levels):
    levels.apply(entry(b"1", b"0", b"b2", b"1.08005", b"200000"))
    assert levels.bids() == ((108_005, 200), (108_000, 100))


def test_change_may_leave_out_what_stays(levels):
    levels.apply(entry(b"1", b"0", b"b1", b"", b"500000"))
    levels.apply(entry(b"1", b"", b"a1", b"1.08020", b""))
    assert levels.bids()[0] == (108_000, 500)
    assert levels.offers() == ((108_020, 300),)


def test_delete_and_new(levels):
    levels.apply(entry(b"2", b"0", b"b1"))
    levels.apply(entry(b"0", b"0", b"b3", b"1.07980", b"100000"))
    levels.apply(entry(b"2", b"", b"a1"))
    assert levels.bids() == ((107_990, 200), (107_980, 100))
    assert levels.offers() == ()


@pytest.mark.parametrize("action", [b"1", b"2"])
@pytest.mark.parametrize("side", [b"0", b"1"])
def test_unknown_entry_breaks_the_book(levels, action, side):
    with pytest.raises(Broken, match="unknown_entry"):
        levels.apply(entry(action, side, b"nobody", b"1.08", b"100000"))


def test_bad_price_is_refused(levels):
    with pytest.raises(BadValue, match="bad_price"):
        levels.apply(entry(b"1", b"0", b"b1", b"-1.08", b"100000"))


def test_new_entry_needs_a_price_and_a_size(levels):
    with pytest.raises(BadValue, match="bad_price"):
        levels.apply(entry(b"0", b"0", b"b9"))
    with pytest.raises(BadValue, match="bad_quantity"):
        levels.apply(entry(b"0", b"0", b"b9", b"1.07"))


def test_trades_and_other_statistics_are_not_of_the_book(levels):
    levels.apply(entry(b"0", b"2", b"t", b"9.9", b"1"))
    levels.apply(entry(b"2", b"2", b"t"))
    assert levels.bids()[0] == (108_000, 100)


def test_level_of_less_than_a_hundredth_of_a_lot_is_not_shown(levels):
    levels.apply(entry(b"1", b"0", b"b1", b"1.08000", b"999"))
    assert levels.bids() == ((107_990, 200),)


def test_levels_at_one_price_are_one_level(levels):
    levels.apply(entry(b"0", b"0", b"b3", b"1.08000", b"50000"))
    assert levels.bids()[0] == (108_000, 150)


def test_endless_entries_break_the_book_before_they_fill_the_memory(levels):
    for number in range(498):
        levels.apply(entry(b"0", b"0", b"%d" % number, b"1.07", b"100000"))
    with pytest.raises(Broken, match="too_many_entries"):
        levels.apply(entry(b"0", b"0", b"one more", b"1.07", b"100000"))


@given(
    st.lists(
        st.tuples(st.sampled_from("01"), st.integers(0, 7), st.integers(1, 50), st.integers(0, 30), st.booleans()),
        max_size=40,
    )
)
def test_book_is_what_a_naive_book_says(steps):
    levels = Levels(Scale(0, Decimal("0.01")))
    naive = {}
    for side, number, price, size, remove in steps:
        key = f"{side}{number}"
        if remove and key in naive:
            levels.apply(entry(b"2", side.encode(), key.encode()))
            del naive[key]
        else:
            action = b"1" if key in naive else b"0"
            levels.apply(entry(action, side.encode(), key.encode(), b"%d" % price, b"%d" % size))
            naive[key] = (price, size * 10_000)
    for side, found, best_first in (("0", levels.bids(), True), ("1", levels.offers(), False)):
        merged = {}
        for key, (price, size) in naive.items():
            if key[0] == side and size:
                merged[price] = merged.get(price, 0) + size
        assert found == tuple(sorted(merged.items(), reverse=best_first)[:LEVELS_MAX])


@pytest.mark.parametrize(("bid", "offer", "crossed"), [(9, 10, False), (10, 10, True), (11, 10, True)])
def test_book_knows_when_it_is_crossed(bid, offer, crossed):
    assert Book("alpha", "EURUSD", ((bid, 1),), ((offer, 1),), 0, 0).is_crossed is crossed


def test_one_sided_book_is_not_crossed_and_not_empty():
    book = Book("alpha", "EURUSD", ((9, 1),), (), 0, 0)
    assert not book.is_crossed
    assert not book.is_empty
    assert Book("alpha", "EURUSD", (), (), 0, 0).is_empty
