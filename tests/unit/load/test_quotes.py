import json
from datetime import timedelta
from typing import Any

import pytest
from picows import WSMsgType

from services.kernel.clock import utc_now
from tests.load.quotes import SYMBOLS, Client, Delivery


class Frame:
    """A frame as the library hands it on."""

    msg_type = WSMsgType.TEXT

    def __init__(self, message: dict[str, Any]) -> None:
        self._text = json.dumps(message).encode()

    def get_payload_as_bytes(self) -> bytes:
        return self._text


class Transport:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, _: WSMsgType, message: bytes) -> None:
        self.sent.append(json.loads(message))


def quotes(seq: int, *told: tuple[str, int, int]) -> Frame:
    """A frame of (symbol, number, age in ms)."""
    now = utc_now()
    data = [
        {
            "symbol": symbol,
            "bid": "1.1",
            "quote_id": f"77-{number}",
            "provider_time": (now - timedelta(milliseconds=age)).isoformat().replace("+00:00", "Z"),
        }
        for symbol, number, age in told
    ]
    return Frame({"ch": "quotes", "type": "delta", "seq": seq, "data": data})


@pytest.fixture
def delivery() -> Delivery:
    return Delivery()


@pytest.fixture
def client(delivery: Delivery) -> Client:
    return Client("ticket", 100, delivery, probe=True)


def test_the_newest_quote_of_a_frame_gives_its_latency(client: Client, delivery: Delivery) -> None:
    client.on_ws_frame(None, quotes(1, ("EURUSD", 1, 900), ("USDJPY", 1, 40), ("XAUUSD", 1, 400)))
    assert delivery.newest.count == 1
    assert 0.040 <= delivery.newest.highest < 0.3


def test_a_quote_that_is_replaced_tells_how_old_it_had_become(client: Client, delivery: Delivery) -> None:
    client.on_ws_frame(None, quotes(1, ("EURUSD", 1, 500)))
    assert delivery.replaced.count == 0
    client.on_ws_frame(None, quotes(2, ("EURUSD", 2, 1)))
    assert delivery.replaced.count == 1
    assert 0.5 <= delivery.replaced.highest < 1.0


def test_a_frame_that_is_missing_is_a_fault(client: Client, delivery: Delivery) -> None:
    for seq in (4, 5, 7):
        client.on_ws_frame(None, quotes(seq, ("EURUSD", seq, 1)))
    assert delivery.faults == {"SEQUENCE_GAP": 1}
    assert (delivery.frames, delivery.quotes, delivery.ready) == (3, 3, 1)


def test_the_numbers_of_the_quotes_count_those_that_were_conflated_away(client: Client, delivery: Delivery) -> None:
    client.on_ws_frame(None, quotes(1, ("EURUSD", 100, 1), ("USDJPY", 7, 1)))
    client.on_ws_frame(None, quotes(2, ("EURUSD", 350, 1)))
    assert delivery.numbers == {"EURUSD": (100, 350), "USDJPY": (7, 7)}


def test_a_quote_without_a_price_has_no_age(client: Client, delivery: Delivery) -> None:
    nobody = {"symbol": "EURUSD", "quote_id": "77-1", "provider_time": "1970-01-01T00:00:00Z"}
    client.on_ws_frame(None, Frame({"ch": "quotes", "type": "delta", "seq": 1, "data": [nobody]}))
    assert (delivery.newest.count, delivery.unpriced, delivery.ready) == (0, 1, 1)


def test_a_refusal_is_a_fault_and_other_messages_are_not(client: Client, delivery: Delivery) -> None:
    client.on_ws_frame(None, Frame({"op": "ack", "id": "1", "ok": True, "session": "s"}))
    client.on_ws_frame(None, Frame({"ch": "heartbeat", "n": 1, "ts": "2026-01-01T00:00:00Z"}))
    client.on_ws_frame(None, Frame({"op": "ack", "id": "2", "ok": False, "reason": "TICKET_USED"}))
    assert delivery.faults == {"TICKET_USED": 1}


def test_a_client_says_who_it_is_before_it_subscribes(client: Client) -> None:
    transport = Transport()
    client.on_ws_connected(transport)
    auth, subscribe = transport.sent
    assert (auth["op"], auth["ticket"]) == ("auth", "ticket")
    assert (subscribe["channel"], subscribe["symbols"], subscribe["conflate_ms"]) == ("quotes", SYMBOLS, 100)
