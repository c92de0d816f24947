"""The provider's book and its entries."""

from hypothesis import given
from hypothesis import strategies as st

from simulators.lp.book import LEVELS, Book
from simulators.lp.instruments import INSTRUMENTS
from simulators.lp.market import Top

tops = st.builds(
    lambda bid, spread, bid_size, ask_size: Top(bid, bid + spread, bid_size, ask_size),
    st.integers(100_000, 100_200),
    st.integers(1, 30),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
)


def fields(entry):
    return dict(part.split(b"=", 1) for part in entry.split(b"\x01") if part)


@given(st.sampled_from(sorted(INSTRUMENTS)), st.lists(tops, min_size=1, max_size=30))
def test_book_is_never_crossed_and_its_levels_are_in_order(symbol, moves):
    book = Book(INSTRUMENTS[symbol])
    for top in moves:
        book.update(top)
        bids, asks = ([points for points, _ in book.levels(side)] for side in (0, 1))
        assert (bids[0], asks[0]) == (top.bid, top.ask)
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert len(bids) == len(asks) == LEVELS


@given(st.lists(tops, min_size=1, max_size=30))
def test_entries_applied_one_after_the_other_give_the_book(moves):
    book = Book(INSTRUMENTS["EURUSD"])
    copy = {}
    for top in moves:
        for _, entry in book.update(top):
            values = fields(entry)
            assert (values[b"279"] == b"0") == (values[b"278"] not in copy)
            copy[values[b"278"]] = (values[b"269"], values[b"270"], values[b"271"])
    count, snapshot = book.snapshot(LEVELS)
    assert count == 2 * LEVELS
    whole = [fields(b"269=" + part) for part in snapshot.split(b"269=")[1:]]
    assert {v[b"278"]: (v[b"269"], v[b"270"], v[b"271"]) for v in whole} == copy
    assert b"279=" not in snapshot
    assert b"55=" not in snapshot


def test_same_prices_again_change_nothing():
    book = Book(INSTRUMENTS["EURUSD"])
    top = Top(108_000, 108_008, 100, 100)
    assert len(book.update(top)) == 2 * LEVELS
    assert book.update(top) == []


def test_a_small_move_is_a_few_entries():
    book = Book(INSTRUMENTS["BTCUSD"])
    book.update(Top(6_500_000, 6_500_900, 100, 100))
    assert [level for level, _ in book.update(Top(6_500_010, 6_500_910, 100, 100))] == [0, 0]


def test_snapshot_of_depth_one_is_the_best_of_each_side():
    book = Book(INSTRUMENTS["US500"])
    book.update(Top(58_000, 58_005, 500, 700))
    count, entries = book.snapshot(1)
    assert count == 2
    assert entries == (
        b"269=0\x01278=US500.B1\x01270=5800.0\x01271=5\x01269=1\x01278=US500.A1\x01270=5800.5\x01271=7\x01"
    )
