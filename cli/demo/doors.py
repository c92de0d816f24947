"""The doors that orders can take; all answer alike."""

import json
from typing import Protocol

from cli.demo.reply import Json, Reply
from cli.demo.rest import RestClient
from cli.demo.rpc import GrpcOrders


class Door(Protocol):
    """A way to trade. Each call is made once; bodies have the fields of the contract."""

    def submit(self, order: Json) -> Reply:
        """Submits an order."""

    def close_position(self, order: Json) -> Reply:
        """Closes a position."""


class RestOrders:
    """OrderService over REST: what the path names must not be in the body again."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    def submit(self, order: Json) -> Reply:
        """POST …/orders."""
        body = {name: value for name, value in order.items() if name != "account_id"}
        return self._post(f"/v1/accounts/{order['account_id']}/orders", body)

    def close_position(self, order: Json) -> Reply:
        """POST …/positions/{id}:close."""
        body = {name: value for name, value in order.items() if name not in ("account_id", "position_id")}
        return self._post(f"/v1/accounts/{order['account_id']}/positions/{order['position_id']}:close", body)

    def _post(self, path: str, body: Json) -> Reply:
        return self._rest.send("POST", path, json.dumps(body).encode())


class StreamOrders:
    """OrderService over the gRPC stream `ExchangeOrders`."""

    def __init__(self, grpc_orders: GrpcOrders) -> None:
        self._grpc = grpc_orders

    def submit(self, order: Json) -> Reply:
        """An item that submits."""
        return self._grpc.exchange({"submit_order": order})

    def close_position(self, order: Json) -> Reply:
        """An item that closes."""
        return self._grpc.exchange({"close_position": order})
