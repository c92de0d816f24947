import random

import pytest

from tests.load.histogram import Histogram


def filled(*seconds: float) -> Histogram:
    histogram = Histogram()
    for each in seconds:
        histogram.record(each)
    return histogram


def test_a_quantile_is_at_most_one_percent_above_the_truth() -> None:
    chance = random.Random(7)
    values = sorted(chance.lognormvariate(-6, 1.5) for _ in range(20_000))
    histogram = filled(*values)
    for part in (0.01, 0.5, 0.9, 0.99, 0.999):
        truth = values[max(1, -int(-part * len(values) // 1)) - 1]
        assert truth * 0.999_999 <= histogram.quantile(part) <= truth * 1.0101


def test_the_last_quantile_is_the_highest_value_itself() -> None:
    histogram = filled(0.001, 0.002, 0.123_456)
    assert histogram.quantile(1.0) == pytest.approx(0.123_456)
    assert histogram.highest == 0.123_456


def test_the_median_of_an_odd_count_is_the_middle_one() -> None:
    assert filled(0.001, 0.002, 0.5).quantile(0.5) == pytest.approx(0.002, rel=0.0101)


def test_values_out_of_range_are_counted_at_the_ends() -> None:
    histogram = filled(-1.0, 0.0, 10_000.0)
    assert histogram.count == 3
    assert histogram.quantile(0.3) == pytest.approx(1e-6)
    assert histogram.highest == 10_000.0


def test_adding_gives_what_recording_all_gives() -> None:
    left, right = filled(0.001, 0.004), filled(0.002, 0.9)
    left.add(right)
    assert left == filled(0.001, 0.004, 0.002, 0.9)


def test_an_empty_one_shows_zeros() -> None:
    assert Histogram().milliseconds() == {"p50": 0.0, "p99": 0.0, "p99.9": 0.0, "max": 0.0}
    assert Histogram().mean == 0.0
