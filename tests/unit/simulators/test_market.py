"""The generated market looks like one, and is the same every time."""

import statistics

import pytest

from simulators.lp.instruments import INSTRUMENTS, price_text, size_text
from simulators.lp.market import GeneratedSource, Path

DAY_S = 1_800_000_000.0


def tops(symbol, seed, count=2000, step_s=0.05):
    source = GeneratedSource(INSTRUMENTS[symbol], seed)
    return [source.at(DAY_S + n * step_s) for n in range(count)]


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_same_seed_makes_the_same_prices(symbol):
    assert tops(symbol, 3, 200) == tops(symbol, 3, 200)


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_other_seed_makes_other_prices_of_the_same_market(symbol):
    one, other = tops(symbol, 1, 200), tops(symbol, 2, 200)
    assert one != other
    spread = INSTRUMENTS[symbol].spread_points
    assert all(abs(a.bid - b.bid) <= 2 * spread + 2 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_prices_are_never_crossed_and_stay_near_their_mean(symbol):
    instrument = INSTRUMENTS[symbol]
    for day in range(20):
        source = GeneratedSource(instrument, 1)
        for top in [source.at(DAY_S + day * 86_400 + n * 977.0) for n in range(80)]:
            assert 0 < top.bid < top.ask
            assert top.bid_size > 0
            assert top.ask_size > 0
            assert abs(top.bid - instrument.mean_points) < 8 * instrument.day_volatility * instrument.mean_points


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_longer_times_move_further(symbol):
    path = Path(INSTRUMENTS[symbol], 1)

    def move(lag_s):
        return statistics.pstdev(path.mid(DAY_S + n * 997 + lag_s) - path.mid(DAY_S + n * 997) for n in range(150))

    second, minute, hour = move(1.0), move(60.0), move(3600.0)
    # A random walk moves √60 ≈ 7.7 times as far in 60 times the time.
    assert 3 < minute / second < 20
    assert 3 < hour / minute < 20


def test_bursts_come_and_widen_the_spread():
    path = Path(INSTRUMENTS["EURUSD"], 1)
    bursts = [DAY_S + n * 6.0 for n in range(1000) if path.burst(DAY_S + n * 6.0)]
    assert 20 <= len(bursts) <= 90

    def spread(start_s):
        source = GeneratedSource(INSTRUMENTS["EURUSD"], 1)
        prices = [source.at(start_s + n * 0.05) for n in range(100)]
        return statistics.mean(top.ask - top.bid for top in prices)

    calm = [DAY_S + n * 6.0 for n in range(50) if not path.burst(DAY_S + n * 6.0)]
    assert min(map(spread, bursts[:10])) > 1.2 * max(map(spread, calm[:10]))


def test_prices_and_sizes_are_plain_decimals():
    assert price_text(108_123, 5) == "1.08123"
    assert price_text(7, 5) == "0.00007"
    assert price_text(58_000, 1) == "5800.0"
    assert price_text(42, 0) == "42"
    assert size_text(100_000_000) == "1000000"
    assert size_text(205) == "2.05"
