"""Ids and the clock."""

from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.clock import from_us, to_us
from services.kernel.errors import EngineError
from services.kernel.ids import Entropy, Uuid7Source, id_text, new_id, parse_id


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


def test_entropy_then_gives_every_byte_once_and_asks_the_system_seldom() -> None:
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return bytes((len(asked) * 16 + at) % 256 for at in range(count))

    entropy = Entropy(source, size=16)
    taken = [entropy(8) for _ in range(4)]
    assert b"".join(taken) == bytes(range(16, 48))
    assert asked == [16, 16]


def test_entropy_when_less_is_left_or_more_is_asked_than_kept_then_still_gives_enough() -> None:
    entropy = Entropy(lambda count: bytes(count), size=10)
    assert [len(entropy(count)) for count in (8, 8, 100, 3)] == [8, 8, 100, 3]


def test_id_text_then_is_the_text_of_the_id() -> None:
    made = [new_id() for _ in range(100)]
    assert [id_text(one) for one in [*made, *made]] == [str(one) for one in [*made, *made]]


def test_parse_id_when_not_a_uuid_then_names_the_field() -> None:
    with pytest.raises(EngineError) as caught:
        parse_id("account_id", "nonsense")
    assert caught.value.reason == "ID_INVALID"


def test_microseconds_when_there_and_back_then_are_exact() -> None:
    moment = datetime(2026, 3, 2, 9, 0, 0, 123457, tzinfo=UTC) + timedelta(days=20_000)
    assert from_us(to_us(moment)) == moment
