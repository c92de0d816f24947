import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.stream.domain.fanout import SLOTS, WAKE_MAX, Fanout, QuoteSubscription
from services.stream.domain.quotes import Quote, QuoteBoard

PERIOD_US = 50_000
SYMBOLS = ("EURUSD", "USDJPY")


class Reader:
    """A client; `ready` says whether it reads."""

    def __init__(self) -> None:
        self.ready = True
        self.frames: list[dict[str, Any]] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))

    @property
    def ids(self) -> list[str]:
        """The ids of the quotes it got, in order."""
        return [quote["quote_id"] for frame in self.frames for quote in frame["data"]]


class Market:
    """A board, its fan-out and a clock."""

    def __init__(self) -> None:
        self.board = QuoteBoard()
        self.fanout = Fanout(self.board)
        self.now_us = 10_000_000
        self.sequence = 0

    def join(self, *symbols: str, period_us: int = PERIOD_US) -> tuple[Reader, QuoteSubscription]:
        reader = Reader()
        subscription = QuoteSubscription(reader)
        self.fanout.subscribe(subscription, symbols or ("EURUSD",), period_us, self.now_us)
        return reader, subscription

    def quote(self, symbol: str = "EURUSD") -> None:
        self.sequence += 1
        quote = Quote(symbol, 5, 110000, 110002, 1, 1, 1, self.sequence, 0, self.now_us)
        self.fanout.changed(self.board.take([quote], self.now_us), self.now_us)

    def run(self, us: int) -> None:
        """Lets time pass; turns are taken when they come."""
        end_us = self.now_us + us
        while (turn_us := self.fanout.next_turn_us()) is not None and turn_us <= end_us:
            self.now_us = max(self.now_us, turn_us)
            self.fanout.take_turns(self.now_us)
        self.now_us = end_us


def test_subscribe_then_the_snapshot_has_every_symbol() -> None:
    market = Market()
    market.quote("EURUSD")

    reader, _ = market.join("EURUSD", "USDJPY")

    (frame,) = reader.frames
    assert (frame["type"], frame["seq"]) == ("snapshot", 1)
    assert [quote["symbol"] for quote in frame["data"]] == ["EURUSD", "USDJPY"]


def test_changed_when_the_client_is_idle_then_it_gets_it_at_once() -> None:
    market = Market()
    reader, _ = market.join()
    market.run(PERIOD_US)

    market.quote()

    assert reader.ids[1:] == ["1-1"]


def test_changed_when_the_client_had_its_frame_then_it_waits_for_its_turn() -> None:
    market = Market()
    reader, _ = market.join()
    market.run(PERIOD_US)
    market.quote()

    market.quote()
    market.quote()
    assert reader.ids[1:] == ["1-1"]
    market.run(PERIOD_US)

    assert reader.ids[1:] == ["1-1", "1-3"]
    assert [frame["seq"] for frame in reader.frames] == [1, 2, 3]


def test_take_turns_when_only_one_symbol_changed_then_only_it_is_sent() -> None:
    market = Market()
    reader, _ = market.join(*SYMBOLS)

    market.quote("USDJPY")
    market.run(PERIOD_US)

    assert [quote["symbol"] for quote in reader.frames[-1]["data"]] == ["USDJPY"]


def test_take_turns_when_nothing_changed_then_nothing_is_sent_and_nobody_waits() -> None:
    market = Market()
    reader, _ = market.join()

    market.run(10 * PERIOD_US)

    assert len(reader.frames) == 1
    assert market.fanout.next_turn_us() is None


def test_take_turns_when_the_reader_is_slow_then_it_skips_to_the_newest() -> None:
    market = Market()
    reader, _ = market.join()
    reader.ready = False
    for _ in range(5):
        market.quote()
        market.run(PERIOD_US)
    assert len(reader.frames) == 1

    reader.ready = True
    market.run(PERIOD_US)

    assert reader.ids[1:] == ["1-5"]
    assert reader.frames[-1]["seq"] == 2
    assert market.fanout.skip_count >= 4


def test_unsubscribe_then_nothing_comes_any_more() -> None:
    market = Market()
    reader, subscription = market.join()
    market.quote()

    market.fanout.unsubscribe(subscription, (), market.now_us)
    market.run(PERIOD_US)
    market.quote()
    market.run(PERIOD_US)

    assert len(reader.frames) == 1


def test_unsubscribe_one_symbol_then_the_others_go_on() -> None:
    market = Market()
    reader, subscription = market.join(*SYMBOLS)
    market.run(PERIOD_US)

    market.fanout.unsubscribe(subscription, ["EURUSD"], market.now_us)
    market.quote("EURUSD")
    market.quote("USDJPY")
    market.run(PERIOD_US)

    assert reader.ids[2:] == ["1-2"]


def test_subscribe_more_then_turns_are_not_doubled() -> None:
    market = Market()
    reader, subscription = market.join("EURUSD")
    for _ in range(5):
        market.fanout.subscribe(subscription, ["USDJPY"], None, market.now_us)
    count = len(reader.frames)

    market.quote("EURUSD")
    market.run(PERIOD_US)

    assert len(reader.frames) == count + 1


def test_turns_are_spread_over_the_period() -> None:
    market = Market()
    for _ in range(SLOTS * 2):
        market.join()

    turns = {}
    while (turn_us := market.fanout.next_turn_us()) is not None:
        turns[turn_us] = len(market.fanout._turns[turn_us])
        market.fanout.take_turns(turn_us)

    assert set(turns.values()) == {2}
    assert len(turns) == SLOTS
    assert max(turns) - min(turns) < PERIOD_US


def test_changed_when_very_many_are_idle_then_some_wait_for_their_turn() -> None:
    market = Market()
    readers = [market.join()[0] for _ in range(WAKE_MAX + 50)]
    market.run(PERIOD_US)

    market.quote()

    assert sum(len(reader.frames) == 2 for reader in readers) == WAKE_MAX
    market.run(PERIOD_US)
    assert all(reader.ids[1:] == ["1-1"] for reader in readers)


@given(
    st.lists(st.tuples(st.integers(1, 40_000), st.sampled_from(["EURUSD", "USDJPY", "slow", "fast"])), max_size=120),
    st.sampled_from([10_000, 50_000]),
)
def test_whatever_happens_then_at_most_a_frame_a_period_in_sequence_and_the_newest_at_last(
    steps: list[tuple[int, str]], period_us: int
) -> None:
    market = Market()
    reader, _ = market.join(*SYMBOLS, period_us=period_us)
    newest: dict[str, str] = {}
    for pause_us, what in steps:
        before = len(reader.frames)
        market.run(pause_us)
        if what in SYMBOLS:
            market.quote(what)
            newest[what] = f"1-{market.sequence}"
        else:
            reader.ready = what == "fast"
        assert len(reader.frames) - before <= pause_us // period_us + 2
    reader.ready = True
    market.run(2 * period_us)

    got = {quote["symbol"]: quote["quote_id"] for frame in reader.frames for quote in frame["data"]}
    assert {symbol: got[symbol] for symbol in newest} == newest
    assert [frame["seq"] for frame in reader.frames] == list(range(1, len(reader.frames) + 1))
    assert all(frame["data"] for frame in reader.frames)
