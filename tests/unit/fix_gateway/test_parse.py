"""Reading market data messages, with simplefix as the judge."""

from contextlib import suppress

import pytest
import simplefix
from hypothesis import given
from hypothesis import strategies as st

from services.fix_gateway.domain.parse import Malformed, parse, request_id, sending_time_us, text_of
from simulators.lp.framing import frame

SENT_US = 1_795_393_108_362_767

prices = st.decimals(min_value="0.00001", max_value="99999", places=5).map(str)
sizes = st.integers(0, 10**9).map(str)
keys = st.text("ABCDEF0123456789.-", min_size=1, max_size=12)
symbols = st.sampled_from(["EURUSD", "GBPUSD", "EUR/USD", "1", "US500.cash"])
increments = st.lists(
    st.tuples(st.sampled_from("012"), st.sampled_from("012"), keys, symbols, prices | st.none(), sizes | st.none()),
    max_size=12,
)


def message(kind, *pairs):
    made = simplefix.FixMessage()
    for tag, value in ((8, "FIX.4.4"), (35, kind), (34, 7), (49, "A"), (52, "20261123-00:18:28.362767"), (56, "B")):
        made.append_pair(tag, value, header=True)
    for tag, value in pairs:
        made.append_pair(tag, value)
    return made.encode()


def judged(raw, tags, delimiter):
    """The entries as simplefix reads them."""
    parser = simplefix.FixParser()
    parser.append_buffer(raw)
    entries, inside = [], False
    for tag, value in parser.get_message().pairs:
        inside = inside or tag == b"268"
        if tag == delimiter:
            entries.append({})
        if inside and entries and tag in tags:
            entries[-1][tag] = value
    return [tuple(entry.get(tag, b"") for tag in tags) for entry in entries]


@given(increments, st.booleans())
def test_increment_reads_as_simplefix_reads_it(entries, with_time):
    pairs = [(268, len(entries))]
    for action, side, key, symbol, price, size in entries:
        pairs += [(279, action), (269, side), (278, key), (55, symbol)]
        pairs += [(270, price)] if price is not None else []
        pairs += [(271, size)] if size is not None else []
        pairs += [(273, "00:18:28.362767")] if with_time else []
    raw = message("X", *pairs)
    result = parse(raw)
    assert result.entries == judged(raw, (b"279", b"269", b"278", b"55", b"270", b"271"), b"279")
    assert not result.is_snapshot
    assert result.sent_us == SENT_US


@given(st.lists(st.tuples(st.sampled_from("012"), keys, prices, sizes), max_size=12), symbols, keys)
def test_snapshot_reads_as_simplefix_reads_it(levels, symbol, request):
    pairs = [(262, request), (55, symbol), (268, len(levels))]
    for side, key, price, size in levels:
        pairs += [(269, side), (278, key), (270, price), (271, size)]
    raw = message("W", *pairs)
    result = parse(raw)
    assert result.is_snapshot
    assert (result.request_id, result.symbol) == (request.encode(), symbol.encode())
    judge = judged(raw, (b"269", b"278", b"270", b"271"), b"269")
    assert [(e[1], e[2], e[4], e[5]) for e in result.entries] == judge
    assert {e[0] for e in result.entries} <= {b"0"}
    assert {e[3] for e in result.entries} <= {symbol.encode()}


@given(st.binary(max_size=120), st.sampled_from([b"W", b"X"]))
def test_any_bytes_are_read_or_malformed(body, kind):
    raw = frame(b"35=" + kind + b"\x0152=20261123-00:18:28\x0155=EURUSD\x01268=" + body + b"\x01")
    # Anything else that it might raise would end the session.
    with suppress(Malformed):
        assert len(parse(raw).entries) <= 1000


def test_entry_without_a_symbol_is_of_the_one_before(raw):
    result = parse(raw("X", "268=2|279=1|278=a|55=EURUSD|270=1.1|279=2|278=b|"))
    assert [entry[3] for entry in result.entries] == [b"EURUSD", b"EURUSD"]


def test_entries_without_ids_are_known_by_position_or_else_by_price(raw):
    result = parse(
        raw("W", "262=r|55=EURUSD|268=3|269=0|270=1.1|271=1|290=2|269=1|270=1.2|271=1|269=0|299=q|270=1|271=1|")
    )
    assert [entry[2] for entry in result.entries] == [b"0#2", b"1@1.2", b"q"]


def test_possible_duplicate_is_seen(raw):
    assert parse(raw("X", "43=Y|268=0|")).possible_duplicate
    assert not parse(raw("X", "268=0|")).possible_duplicate


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("X", "262=r|", "no_entries"),
        ("X", "268=2|279=0|269=0|278=a|55=EURUSD|270=1|271=1|", "entry_count"),
        ("X", "268=-1|", "entry_count"),
        ("X", "268=1_0|", "entry_count"),
        ("X", "268=1|279=1|269=0|278=a|55=EURUSD|270=|271=1|", "no_value"),
        ("X", "268=1|279=1|269=0|278=a|55=EURUSD|270=1|271=|", "no_value"),
        ("W", "262=r|55=EURUSD|268=1|269=0|278=a|270=|271=1|", "no_value"),
        ("X", "268=1|279=7|269=0|278=a|55=EURUSD|270=1|271=1|", "update_action"),
        ("X", "268=1|279=0|269=0|278=a|270=1|271=1|", "no_symbol"),
        ("W", "262=r|268=1|269=0|270=1|271=1|", "no_symbol"),
    ],
)
def test_malformed_message_says_why(raw, kind, body, reason):
    with pytest.raises(Malformed, match=f"^{reason}$"):
        parse(raw(kind, body))


def test_sending_time_is_read_to_the_microsecond():
    assert sending_time_us(b"20261123-00:18:28.362767") == SENT_US
    assert sending_time_us(b"20261123-00:18:28.362") == SENT_US - 767
    assert sending_time_us(b"20261123-00:18:28") == SENT_US - 362_767
    assert sending_time_us(b"20261123-00:18:28.362767999") == SENT_US


@pytest.mark.parametrize(
    "text", [b"", b"yesterday", b"20261123-00:18:28,5", b"20261123-00:18:28.", b"20261399-00:00:00"]
)
def test_bad_sending_time_is_malformed(text):
    with pytest.raises(Malformed, match="sending_time"):
        sending_time_us(text)


def test_other_fields_are_found_by_tag(raw):
    message = raw("Y", "262=r9|281=0|58=no such symbol|")
    assert request_id(message) == b"r9"
    assert text_of(message, 58) == "no such symbol"
    assert text_of(message, 999) == ""
