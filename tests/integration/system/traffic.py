"""Clients that trade all the time, whatever happens to the system.

Each repeats an order under the same `client_order_id` until it is answered, as the contract tells clients to.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Self

from cli.demo.doors import Door, RestOrders
from cli.demo.reply import Json, Reply
from cli.demo.rest import RestClient
from cli.demo.rpc import GrpcOrders
from local.demo_users import USERS
from tests.integration.system.running import RunningSystem, until

PAUSE_S = 0.05
AGAIN_S = 0.05
END_S = 40.0
BUY, SELL = "SIDE_BUY", "SIDE_SELL"
FILLED = "ORDER_STATE_FILLED"
# Nothing was done, or nobody knows: the same call is made again.
_NOT_NOW = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}
_runs = count(1)


@dataclass
class Client:
    """One account's orders, one after another, and what was answered."""

    name: str
    account_id: str
    door: Door
    hedging: bool
    stopping: threading.Event
    giving_up: threading.Event
    sent: list[str] = field(default_factory=list)
    answers: dict[str, Json] = field(default_factory=dict)
    # Replies that no client should ever get.
    faults: list[str] = field(default_factory=list)
    filled_at: float = 0.0
    """When the last order that was filled had been sent for the first time, monotonic."""
    fill_count: int = 0

    def run(self) -> None:
        """Trades until it is told to stop."""
        side, position_id = BUY, ""
        while not self.stopping.wait(PAUSE_S):
            answer = self._close(position_id) if position_id else self._submit(side)
            if answer is None or answer["order"]["state"] != FILLED:
                continue
            side = SELL if side == BUY else BUY
            opened = self.hedging and not position_id
            position_id = answer["fills"][0]["position_id"] if opened else ""

    def _submit(self, side: str) -> Json | None:
        order = {**self._base(), "symbol": "EURUSD", "side": side, "type": "ORDER_TYPE_MARKET", "quantity": "0.01"}
        return self._until_answered(order["client_order_id"], lambda: self.door.submit(order))

    def _close(self, position_id: str) -> Json | None:
        order = {**self._base(), "position_id": position_id}
        return self._until_answered(order["client_order_id"], lambda: self.door.close_position(order))

    def _base(self) -> Json:
        key = f"{self.name}-{len(self.sent) + 1}"
        self.sent.append(key)
        return {"account_id": self.account_id, "client_order_id": key}

    def _until_answered(self, key: str, call: Callable[[], Reply]) -> Json | None:
        started = time.monotonic()
        while (reply := call()).code in _NOT_NOW:
            if self.giving_up.wait(AGAIN_S):
                return None
        if not reply.ok:
            self.faults.append(f"{key}: {reply}")
            return None
        self.answers[key] = reply.body
        if reply.body["order"]["state"] == FILLED:
            self.filled_at, self.fill_count = started, self.fill_count + 1
        return reply.body


class Traffic:
    """A client on a hedging and one on a netting account over REST, and one on a netting account over gRPC."""

    def __init__(self, system: RunningSystem) -> None:
        self._system = system
        self._stopping, self._giving_up = threading.Event(), threading.Event()
        self._channels = [GrpcOrders(system.gateway, system.token(USERS[1]))]
        # The process id makes the run's names new where an earlier one used the same data.
        run = f"traffic-{time.time_ns():x}-{next(_runs)}"
        hedging, netting = USERS[0].accounts
        doors: list[tuple[str, str, Door, bool]] = [
            ("rest-hedging", hedging.account_id, RestOrders(self._impatient()), True),
            ("rest-netting", netting.account_id, RestOrders(self._impatient()), False),
            ("grpc-netting", USERS[1].accounts[0].account_id, self._channels[0], False),
        ]
        self.clients = [
            Client(f"{run}-{name}", account_id, door, hedges, self._stopping, self._giving_up)
            for name, account_id, door, hedges in doors
        ]
        self._threads = [threading.Thread(target=client.run, name=client.name) for client in self.clients]

    def _impatient(self) -> RestClient:
        client = RestClient(self._system.gateway, patience_s=0.0)
        client.token = self._system.token()
        return client

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(give_up=True)
        for channel in self._channels:
            channel.close()

    def stop(self, *, give_up: bool = False) -> None:
        """Sends no new order, and waits for what is open to be answered unless it is to be given up."""
        self._stopping.set()
        if give_up:
            self._giving_up.set()
        deadline = time.monotonic() + END_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        open_ones = [thread.name for thread in self._threads if thread.is_alive()]
        self._giving_up.set()
        for thread in self._threads:
            thread.join()
        assert not open_ones, f"no answer to the last order of {open_ones} within {END_S:g} s"

    def until_filled(self, seconds: float = 60.0) -> None:
        """Waits until each client was filled on an order that it first sent after this call."""
        now = time.monotonic()

        def all_filled() -> bool:
            return all(client.filled_at > now for client in self.clients)

        until(all_filled, seconds, "an order of every client to be filled")

    def assert_kept(self, *, all_answered: bool = True) -> None:
        """Each acknowledged order is in the books once, as acknowledged; no other is there that was not sent."""
        for client in self.clients:
            assert client.faults == []
            assert client.answers, f"{client.name} never got an answer"
            self._compare(client, all_answered)
        self._system.assert_books_are_right()

    def _compare(self, client: Client, all_answered: bool) -> None:
        found = self._system.rows(_ORDERS, client.name + "-%")
        by_key = {row["client_order_id"]: row for row in found}
        assert len(by_key) == len(found), f"{client.name}: an order is there twice"
        lost = client.answers.keys() - by_key.keys()
        assert not lost, f"{client.name}: acknowledged and lost: {sorted(lost)}"
        assert by_key.keys() <= set(client.sent)
        if all_answered:
            assert by_key.keys() == client.answers.keys()
        for key, answer in client.answers.items():
            _same(answer, by_key[key])


def _same(answer: Json, row: object) -> None:
    """What was answered is what is on record."""
    order = answer["order"]
    assert order["order_id"] == str(row["order_id"])  # type: ignore[index]
    assert (order["state"] == FILLED) == (row["state"] == 2), order  # type: ignore[index]
    told = [(fill["fill_id"], fill["price"], fill["position_id"]) for fill in answer["fills"]]
    kept = [tuple(fill) for fill in json.loads(row["fills"])]  # type: ignore[index]
    assert sorted(told) == sorted(kept), order


_ORDERS = """
SELECT o.client_order_id, o.order_id, o.state,
    coalesce(json_agg(json_build_array(f.fill_id, f.price::text, f.position_id)) FILTER (WHERE f.fill_id IS NOT NULL),
        '[]') AS fills
FROM orders o LEFT JOIN fill f USING (account_id, order_id)
WHERE o.client_order_id LIKE $1
GROUP BY o.account_id, o.order_id
"""
