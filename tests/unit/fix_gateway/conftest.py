"""Messages as QuickFIX hands them over."""

import pytest

from simulators.lp.framing import frame

HEADER = b"\x0134=7\x0149=ALPHA\x0150=QUOTE\x0152=20261123-00:18:28.362767\x0156=TRADELOOM\x0157=QUOTE\x01"
SENT_US = 1_795_393_108_362_767


def _raw(kind, body):
    return frame(b"35=" + kind.encode() + HEADER + body.replace("|", "\x01").encode())


@pytest.fixture
def snapshot():
    """A full refresh; levels are (key, side, price, size)."""

    def make(symbol, request, *levels):
        entries = "".join(f"269={side}|278={key}|270={price}|271={size}|" for key, side, price, size in levels)
        return _raw("W", f"262={request}|55={symbol}|268={len(levels)}|{entries}")

    return make


@pytest.fixture
def increment():
    """An incremental refresh; entries are (action, side, key, symbol, price, size)."""

    def make(*entries, header=""):
        body = ""
        for action, side, key, symbol, price, size in entries:
            body += f"279={action}|269={side}|278={key}|55={symbol}|"
            body += (f"270={price}|" if price else "") + (f"271={size}|" if size else "")
        return _raw("X", f"{header}268={len(entries)}|{body}")

    return make


@pytest.fixture
def raw():
    """Any message: its type, and its body with bars for separators."""
    return _raw
