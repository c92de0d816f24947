"""Cutting a byte stream into messages."""

from hypothesis import given
from hypothesis import strategies as st

from simulators.lp.framing import FrameReader, frame

HEARTBEAT = frame(b"35=0\x0134=2\x0149=A\x01")
LOGON = frame(b"35=A\x0134=1\x0149=A\x01")


def test_frame_has_body_length_and_checksum():
    assert frame(b"35=0\x01") == b"8=FIX.4.4\x019=5\x0135=0\x0110=%03d\x01" % (
        sum(b"8=FIX.4.4\x019=5\x0135=0\x01") % 256
    )


@given(st.lists(st.sampled_from([HEARTBEAT, LOGON]), max_size=5), st.data())
def test_feed_however_the_bytes_are_cut_gives_the_same_messages(messages, data):
    stream = b"".join(messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    reader = FrameReader()
    seen = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        seen += reader.feed(stream[start:end])
    assert seen == messages
    assert reader.garbled_count == 0


def test_feed_when_a_checksum_is_wrong_then_drops_that_message_only():
    bad = bytearray(HEARTBEAT)
    bad[-2] = ord("0") if bad[-2] != ord("0") else ord("1")
    reader = FrameReader()
    assert reader.feed(bytes(bad) + LOGON) == [LOGON]
    assert reader.garbled_count >= 1


def test_feed_when_the_body_length_is_wrong_then_finds_the_next_message():
    bad = HEARTBEAT.replace(b"9=15", b"9=35")
    reader = FrameReader()
    assert bad != HEARTBEAT
    assert reader.feed(bad + LOGON + HEARTBEAT) == [LOGON, HEARTBEAT]


def test_feed_when_there_is_garbage_between_messages_then_skips_it():
    reader = FrameReader()
    assert reader.feed(b"\x00garbage" + LOGON + b"more\x01\x01" + HEARTBEAT) == [LOGON, HEARTBEAT]
    assert reader.garbled_count == 2


def test_feed_when_the_body_length_is_absurd_then_does_not_wait_for_it():
    reader = FrameReader()
    assert reader.feed(b"8=FIX.4.4\x019=999999999\x01" + LOGON) == [LOGON]


@given(st.binary(max_size=200))
def test_feed_of_any_garbage_never_fails_and_never_hides_what_follows(garbage):
    reader = FrameReader()
    reader.feed(garbage)
    # Garbage may look like the start of a message and swallow the first one after it, but never the second.
    assert HEARTBEAT in [*reader.feed(LOGON * 2), *reader.feed(HEARTBEAT * 40)] or b"8=FIX" in garbage
