import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stream.domain.commands import (
    Authenticate,
    Command,
    Malformed,
    Ping,
    Refusal,
    SubscribeAccount,
    SubscribeQuotes,
    UnsubscribeAccount,
    UnsubscribeQuotes,
    parse,
)

ACCOUNT = "018f4a00-0000-7000-8000-000000001001"


def said(**message: Any) -> bytes:
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"op": "auth", "id": "1", "ticket": "t"}, Authenticate("1", "t")),
        ({"op": "ping", "id": 9}, Ping(9)),
        ({"op": "ping"}, Ping(None)),
        (
            {"op": "subscribe", "id": "2", "channel": "quotes", "symbols": ["A", "B", "A"], "conflate_ms": 100},
            SubscribeQuotes("2", ("A", "B"), 100),
        ),
        ({"op": "unsubscribe", "id": "2", "channel": "quotes"}, UnsubscribeQuotes("2", ())),
        (
            {"op": "subscribe", "id": "3", "channel": "account", "account_id": ACCOUNT.upper(), "since_sequence": 12},
            SubscribeAccount("3", ACCOUNT, 12),
        ),
        (
            {"op": "unsubscribe", "id": "3", "channel": "account", "account_id": ACCOUNT},
            UnsubscribeAccount("3", ACCOUNT),
        ),
    ],
)
def test_parse_then_the_command(message: dict[str, Any], command: object) -> None:
    assert parse(said(**message)) == command


def test_parse_when_there_are_unknown_fields_then_they_are_ignored() -> None:
    assert parse(said(op="ping", id="1", colour="red")) == Ping("1")


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"null", b"[]", b"12", b'{"op":1}', b'{"id":"1"', b"\xff", b'{"op":"\xff"}', b"[" * 100_000],
    ids=lambda text: repr(text[:12]),
)
def test_parse_when_it_is_no_message_then_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        parse(text)


def test_parse_when_a_field_has_the_wrong_type_then_the_message_is_named() -> None:
    with pytest.raises(Refusal) as refused:
        parse(said(op="subscribe", id="7", channel="quotes", symbols="EURUSD"))
    assert (refused.value.message_id, refused.value.reason) == ("7", "FIELD_INVALID")
    assert "symbols" in refused.value.message


@pytest.mark.parametrize("conflate_ms", [10, 5_000])
def test_parse_when_conflation_is_at_its_bounds_then_it_is_taken(conflate_ms: int) -> None:
    command = parse(said(op="subscribe", channel="quotes", symbols=["A"], conflate_ms=conflate_ms))
    assert command == SubscribeQuotes(None, ("A",), conflate_ms)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"conflate_ms": 9}, "FIELD_INVALID"),
        ({"conflate_ms": 5_001}, "FIELD_INVALID"),
        ({"symbols": []}, "FIELD_INVALID"),
        ({"symbols": ["x" * 17]}, "SYMBOL_UNKNOWN"),
        ({"symbols": [""]}, "SYMBOL_UNKNOWN"),
        ({"symbols": [str(n) for n in range(201)]}, "SUBSCRIPTIONS_TOO_MANY"),
        ({"id": "x" * 65}, "FIELD_INVALID"),
        ({"channel": None}, "CHANNEL_UNKNOWN"),
    ],
)
def test_parse_when_a_subscription_is_wrong_then_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(said(**{"op": "subscribe", "id": "1", "channel": "quotes", "symbols": ["A"], **fields}))
    assert refused.value.reason == reason


# A few characters that matter, rather than the table of all, which takes seconds to build.
TEXT = st.text('aZ09.-_ "\\\n\x00é€😀', max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
MESSAGES = st.fixed_dictionaries(
    {"op": st.sampled_from(["auth", "subscribe", "unsubscribe", "ping"]) | JSON},
    optional={
        "id": JSON,
        "ticket": JSON,
        "channel": st.sampled_from(["quotes", "account"]) | JSON,
        "symbols": st.lists(TEXT, max_size=5) | JSON,
        "conflate_ms": st.integers() | JSON,
        "account_id": st.uuids().map(str) | JSON,
        "since_sequence": st.integers() | JSON,
    },
)


@settings(max_examples=300)
@given(st.binary(max_size=200) | MESSAGES.map(lambda message: json.dumps(message).encode()))
def test_parse_whatever_comes_then_a_command_or_a_refusal(text: bytes) -> None:
    try:
        outcome: object = parse(text)
    except Refusal as refusal:
        outcome = refusal
    assert isinstance(outcome, Command | Refusal)
    assert not isinstance(outcome, Refusal) or (outcome.reason and outcome.message)
