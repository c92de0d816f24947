"""What a client is told is in PostgreSQL by then, whatever door the order came through."""

import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal

import pytest

from cli.demo.doors import Door, RestOrders, StreamOrders
from cli.demo.reply import Json
from cli.demo.rpc import GrpcOrders, GrpcWebOrders
from local.demo_users import USERS
from tests.integration.system.running import RunningSystem

ACCOUNT = USERS[0].accounts[0].account_id
DOORS: dict[str, Callable[[RunningSystem, GrpcOrders], Door]] = {
    "rest": lambda system, _: RestOrders(system.rest()),
    "grpc": lambda _, grpc_orders: grpc_orders,
    "grpc-stream": lambda _, grpc_orders: StreamOrders(grpc_orders),
    "grpc-web": lambda system, _: GrpcWebOrders(system.gateway, system.token()),
}


@pytest.mark.parametrize("name", DOORS)
def test_order_fill_and_position_are_in_postgresql_when_the_answer_comes(system: RunningSystem, name: str) -> None:
    with closing(GrpcOrders(system.gateway, system.token())) as grpc_orders:
        door = DOORS[name](system, grpc_orders)
        opened = trade(door, f"rec-{name}-{time.time_ns()}")
        assert_on_record(system, opened, quantity="0.02")
        again = door.submit(opened["request"])
        assert again.body["replayed"] is True
        assert again.body["fills"] == opened["fills"]
        closed = close(door, opened)
    assert_on_record(system, closed, quantity="0")
    booked = system.rows("SELECT amount FROM ledger_entry WHERE order_id = $1", closed["order"]["order_id"])
    assert [row["amount"] for row in booked] == [Decimal(closed["fills"][0]["realized_pnl"])]
    system.assert_books_are_right()


def trade(door: Door, key: str) -> Json:
    """Opens a position."""
    order = {"account_id": ACCOUNT, "client_order_id": key, "symbol": "GBPUSD", "side": "SIDE_BUY"}
    request = {**order, "type": "ORDER_TYPE_MARKET", "quantity": "0.02"}
    reply = door.submit(request)
    assert reply.ok, reply
    assert reply.body["order"]["state"] == "ORDER_STATE_FILLED"
    return {**reply.body, "request": request}


def close(door: Door, opened: Json) -> Json:
    """Closes it."""
    position_id = opened["fills"][0]["position_id"]
    key = opened["order"]["client_order_id"] + "-close"
    reply = door.close_position({"account_id": ACCOUNT, "position_id": position_id, "client_order_id": key})
    assert reply.ok, reply
    assert reply.body["order"]["state"] == "ORDER_STATE_FILLED"
    return reply.body


def assert_on_record(system: RunningSystem, answer: Json, quantity: str) -> None:
    """The order, its fill and what is left of the position, as answered."""
    order, (fill,) = answer["order"], answer["fills"]
    (kept,) = system.rows("SELECT * FROM orders WHERE order_id = $1", order["order_id"])
    assert (kept["client_order_id"], kept["state"]) == (order["client_order_id"], 2)
    assert kept["filled_quantity"] == Decimal(order["filled_quantity"])
    (filled,) = system.rows("SELECT * FROM fill WHERE order_id = $1", order["order_id"])
    assert str(filled["fill_id"]) == fill["fill_id"]
    assert (filled["price"], filled["quantity"]) == (Decimal(fill["price"]), Decimal(fill["quantity"]))
    assert filled["quote_id"] == fill["quote_id"]
    (position,) = system.rows("SELECT * FROM position WHERE position_id = $1", fill["position_id"])
    assert position["quantity"] == Decimal(quantity)
