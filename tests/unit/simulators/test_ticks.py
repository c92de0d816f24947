"""Reading and playing recorded ticks."""

import gzip

import pytest

from simulators.lp.instruments import INSTRUMENTS
from simulators.lp.market import Top
from simulators.lp.ticks import RecordedSource, Tick, TickError, read_ticks, symbol_and_path

EURUSD = INSTRUMENTS["EURUSD"]
GOOD = """time,bid,ask,bid_size,ask_size
2020-01-01T22:00:00.065Z,1.121200,1.121720,1000000,2000000
2020-01-01T22:00:10.447Z,1.121210,1.121920,500000,1.5
"""


def write(tmp_path, text):
    path = tmp_path / "EURUSD_x.csv"
    path.write_text(text)
    return path


def test_ticks_are_read_in_points_with_their_sizes(tmp_path):
    first, second = read_ticks(write(tmp_path, GOOD), EURUSD)
    assert first == Tick(0.0, Top(112_120, 112_172, 100_000_000, 200_000_000))
    assert second.at_s == pytest.approx(10.382)
    assert second.top == Top(112_121, 112_192, 50_000_000, 150)


def test_ticks_without_sizes_get_the_usual_ones(tmp_path):
    text = "time,bid,ask\n2013-01-01T22:00:00.295Z,1.1,1.2\n"
    (tick,) = read_ticks(write(tmp_path, text), EURUSD)
    assert tick.top == Top(110_000, 120_000, EURUSD.size, EURUSD.size)


def test_tick_without_a_spread_gets_the_smallest(tmp_path):
    (tick,) = read_ticks(write(tmp_path, "time,bid,ask\n2013-01-01T22:00:00Z,1.1,1.1\n"), EURUSD)
    assert (tick.top.bid, tick.top.ask) == (110_000, 110_001)


def test_gzipped_ticks_are_read_too(tmp_path):
    path = tmp_path / "EURUSD.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode()))
    assert len(read_ticks(path, EURUSD)) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2020-01-01T22:00:11Z,1.2,1.1,1,1", "the bid 1.2 is above the ask 1.1"),
        ("2020-01-01T22:00:11Z,-1.1,1.1,1,1", "not above zero"),
        ("2020-01-01T22:00:11Z,NaN,1.1,1,1", "not above zero"),
        ("2020-01-01T22:00:11Z,abc,1.1,1,1", "not a decimal number"),
        ("2020-01-01T22:00:11Z,1.1,1.2,0,1", "not above zero"),
        ("2020-01-01T22:00:11Z,1.1,1.2", "3 columns instead of 5"),
        ("yesterday,1.1,1.2,1,1", "yesterday"),
        ("2019-01-01T22:00:11Z,1.1,1.2,1,1", "time goes back"),
        ("2020-01-01T22:00:11,1.1,1.2,1,1", "offset"),
    ],
)
def test_bad_line_is_named_with_its_number(tmp_path, line, reason):
    with pytest.raises(TickError, match=r"EURUSD_x.csv: line 4: .*" + reason):
        read_ticks(write(tmp_path, GOOD + line + "\n"), EURUSD)


@pytest.mark.parametrize("text", ["", "bid,ask\n1,2\n", "time,bid,ask\n"])
def test_file_without_header_or_ticks_is_refused(tmp_path, text):
    with pytest.raises(TickError):
        read_ticks(write(tmp_path, text), EURUSD)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(TickError, match="No such file"):
        read_ticks(tmp_path / "EURUSD.csv", EURUSD)


def test_symbol_comes_from_the_name_or_before_the_equals_sign():
    assert symbol_and_path("/data/EURUSD_2020-01-01.csv")[0] == "EURUSD"
    symbol, path = symbol_and_path("BTCUSD=/data/BTCUSDT.csv.gz")
    assert (symbol, path.name) == ("BTCUSD", "BTCUSDT.csv.gz")
    with pytest.raises(TickError, match="BTCUSDT"):
        symbol_and_path("/data/BTCUSDT_2024.csv.gz")


def test_ticks_play_in_order_with_their_gaps_and_loop():
    top = [Top(n, n + 1, 1, 1) for n in range(1, 5)]
    ticks = [Tick(at, t) for at, t in zip((0.0, 10.0, 20.0, 90.0), top, strict=True)]
    # 4 ticks in 120 s with the gap after the last, wanted 4 a second: 120 times as fast, 10 s in 1/12.
    source = RecordedSource(ticks, 4.0)
    assert source.at(1000.0).bid == 1
    seen = [source.at(1000.001 + n / 12).bid for n in range(24)]
    assert seen == [1, 2, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4] * 2


def test_one_tick_stands_for_ever():
    source = RecordedSource([Tick(0.0, Top(1, 2, 1, 1))], 100.0)
    assert [source.at(float(n)).bid for n in range(3)] == [1, 1, 1]
