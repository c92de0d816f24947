"""Ids and the clock."""

from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.clock import from_us, to_us
from services.kernel.errors import EngineError
from services.kernel.ids import Uuid7Source, parse_id


def test_ids_when_made_within_one_millisecond_then_grow() -> None:
    source = Uuid7Source(now_ns=lambda: 1_700_000_000_000_000_000)
    made = [source() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(dict.fromkeys(made)) == len(made)
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_ids_when_the_clock_goes_back_then_still_grow() -> None:
    ticks = iter([2_000_000_000, 1_000_000_000, 3_000_000_000])
    source = Uuid7Source(now_ns=lambda: next(ticks))
    first, second, third = source(), source(), source()
    assert first < second < third


def test_parse_id_when_not_a_uuid_then_names_the_field() -> None:
    with pytest.raises(EngineError) as caught:
        parse_id("account_id", "nonsense")
    assert caught.value.reason == "ID_INVALID"


def test_microseconds_when_there_and_back_then_are_exact() -> None:
    moment = datetime(2026, 3, 2, 9, 0, 0, 123457, tzinfo=UTC) + timedelta(days=20_000)
    assert from_us(to_us(moment)) == moment
