import json
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given
from hypothesis import strategies as st
from tradeloom.client.v1 import market_pb2

from services.stream.domain.quotes import Quote, QuoteBoard, decimal_text, time_text

NOW_US = 1_000_000_000


def quote(symbol: str = "EURUSD", **fields: Any) -> Quote:
    defaults = {
        "digits": 5,
        "bid_points": 110000,
        "ask_points": 110002,
        "bid_quantity": 500,
        "ask_quantity": 1250,
        "epoch": 7,
        "sequence": 1,
        "provider_time_us": 1_772_445_600_123_000,
        "received_us": NOW_US,
    }
    return Quote(symbol, **{**defaults, **fields})


@pytest.fixture
def board() -> QuoteBoard:
    made = QuoteBoard()
    made.know({"EURUSD": 5_000_000, "USDJPY": 1_000})
    return made


def shown(board: QuoteBoard, symbol: str = "EURUSD") -> dict[str, str]:
    found: dict[str, str] = json.loads(board.standing(symbol).piece)
    return found


def test_take_then_the_piece_is_the_public_quote_in_protobufs_json(board: QuoteBoard) -> None:
    board.take([quote()], NOW_US)

    public = ParseDict(shown(board), market_pb2.Quote())
    assert (public.bid, public.ask, public.bid_quantity, public.ask_quantity) == ("1.10000", "1.10002", "5.00", "12.50")
    assert MessageToDict(public, preserving_proto_field_name=True) == shown(board)


def test_take_when_nobody_quotes_a_side_then_it_is_absent(board: QuoteBoard) -> None:
    board.take([quote(bid_points=0, bid_quantity=0)], NOW_US)
    assert {"bid", "bid_quantity"}.isdisjoint(shown(board))
    assert {"ask", "ask_quantity"} <= shown(board).keys()


def test_standing_when_there_was_no_quote_yet_then_a_name_only(board: QuoteBoard) -> None:
    assert shown(board) == {"symbol": "EURUSD", "quote_id": ""}


def test_take_when_the_quote_is_new_then_it_changed(board: QuoteBoard) -> None:
    assert board.take([quote(), quote("USDJPY")], NOW_US) == ["EURUSD", "USDJPY"]
    assert board.take([quote(sequence=2)], NOW_US) == ["EURUSD"]
    assert board.take([quote(sequence=2, epoch=8)], NOW_US) == ["EURUSD"]


def test_take_when_it_is_the_same_quote_then_it_is_fresh_again_but_unchanged(board: QuoteBoard) -> None:
    board.take([quote("USDJPY")], NOW_US)
    version = board.version

    assert board.take([quote("USDJPY", received_us=NOW_US + 900)], NOW_US + 900) == []

    assert board.version == version
    assert board.expire(NOW_US + 1_900) == []
    assert board.expire(NOW_US + 1_901) == ["USDJPY"]


def test_expire_then_prices_go_and_the_quote_stays_named(board: QuoteBoard) -> None:
    board.take([quote("USDJPY")], NOW_US)

    assert board.expire(NOW_US + 1_000) == []
    assert board.expire(NOW_US + 1_001) == ["USDJPY"]
    assert board.expire(NOW_US + 9_000) == []

    assert shown(board, "USDJPY").keys() == {"symbol", "provider_time", "quote_id"}


def test_take_when_an_expired_quote_is_confirmed_then_its_prices_are_back(board: QuoteBoard) -> None:
    board.take([quote("USDJPY")], NOW_US)
    board.expire(NOW_US + 2_000)

    assert board.take([quote("USDJPY", received_us=NOW_US + 2_000)], NOW_US + 2_000) == ["USDJPY"]
    assert "bid" in shown(board, "USDJPY")


def test_withdraw_all_then_no_price_stands_and_each_is_told_once(board: QuoteBoard) -> None:
    board.take([quote(), quote("USDJPY")], NOW_US)

    assert board.withdraw_all() == ["EURUSD", "USDJPY"]
    assert board.withdraw_all() == []
    assert "bid" not in shown(board)


def test_unknown_then_those_that_are_no_symbols(board: QuoteBoard) -> None:
    assert board.unknown(["EURUSD", "NOPE", "USDJPY"]) == ["NOPE"]


@given(st.integers(-(10**15), 10**15), st.integers(0, 9))
def test_decimal_text_then_exact_with_all_digits(points: int, digits: int) -> None:
    text = decimal_text(points, digits)
    assert Decimal(text) == Decimal(points).scaleb(-digits)
    assert len(text.partition(".")[2]) == digits


@given(st.integers(0, 4_000_000_000_000_000))
def test_time_text_then_as_protobuf_writes_it(us: int) -> None:
    public = market_pb2.Quote()
    public.provider_time.FromMicroseconds(us)
    assert time_text(us) == MessageToDict(public)["providerTime"]
