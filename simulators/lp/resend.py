"""Answers a ResendRequest (2): kept messages again as possible duplicates, everything else as a gap."""

from __future__ import annotations

from collections.abc import Callable

import simplefix

from simulators.lp.codec import Identity, encode, stamp
from simulators.lp.store import Store


def resend(store: Store, identity: Identity, begin: int, end: int, now_us: int, write: Callable[[bytes], None]) -> None:
    """Writes what was sent from `begin` to `end`; 0 means up to the last."""
    last = store.next_out - 1
    end = last if end == 0 else min(end, last)
    gap_from = begin
    for sequence in range(begin, end + 1):
        raw = store.sent(sequence)
        if raw is None:
            continue
        if gap_from < sequence:
            write(_gap_fill(identity, gap_from, sequence, now_us))
        write(_again(raw, now_us))
        gap_from = sequence + 1
    if gap_from <= end:
        write(_gap_fill(identity, gap_from, end + 1, now_us))


def _gap_fill(identity: Identity, sequence: int, new_sequence: int, now_us: int) -> bytes:
    header = [(43, "Y"), (122, stamp(now_us))]
    return encode(identity, "4", sequence, now_us, [(123, "Y"), (36, new_sequence)], header)


def _again(raw: bytes, now_us: int) -> bytes:
    """The same message with PossDupFlag (43), and its first SendingTime as OrigSendingTime (122)."""
    parser = simplefix.FixParser()
    parser.append_buffer(raw)
    old = parser.get_message()
    new = simplefix.FixMessage()
    for tag, value in old.pairs:
        if tag in (b"8", b"9", b"10"):
            continue
        if tag == b"52":
            new.append_pair(52, stamp(now_us), header=True)
            new.append_pair(43, "Y", header=True)
            new.append_pair(122, value, header=True)
        else:
            new.append_pair(tag, value)
    new.append_pair(8, "FIX.4.4", header=True)
    encoded: bytes = new.encode()
    return encoded
