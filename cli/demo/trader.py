"""Trading on one account, with every figure of every answer recomputed."""

import time
from collections.abc import Callable
from decimal import Decimal
from itertools import count

from cli.demo.doors import Door
from cli.demo.feed import Feed
from cli.demo.figures import Terms
from cli.demo.mirror import Mirror
from cli.demo.recount import BUY, SELL, Recount, Trade
from cli.demo.reply import PATIENCE_S, Json, Reply, Unavailable, Wrong, patiently
from cli.demo.report import Report
from cli.demo.rest import RestClient

FILLED = "ORDER_STATE_FILLED"

_LOOK_AGAIN_S = 0.05
# Refusals that pass by themselves: a price source that was just restarted.
_PASSING = {"REJECT_REASON_PRICE_UNAVAILABLE", "REJECT_REASON_RATE_UNAVAILABLE"}


Sender = Callable[[], tuple[Json, Reply]]
"""Sends an order; gives what was sent and the answer."""


class Trader:
    """One account of the user who is logged in."""

    def __init__(self, account: Json, rest: RestClient, feed: Feed, terms: dict[str, Terms], report: Report) -> None:
        self.account_id: str = account["account_id"]
        self.currency: str = account["currency"]
        self.name = f"{account['number']} ({account['currency']})"
        self.sent_ids: list[str] = []
        self._rest = rest
        self._feed = feed
        self._report = report
        self._recount = Recount(account, rest, feed, terms, report)
        self._run = f"demo-{time.time_ns():x}"
        self._numbers = count(1)

    @property
    def mirror(self) -> Mirror:
        """The account as the WebSocket tells it."""
        return self._feed.mirrors[self.account_id]

    def order(self, symbol: str, side: str, lots: str) -> Json:
        """A new market order."""
        chosen = {"account_id": self.account_id, "client_order_id": self.new_id()}
        return {**chosen, "symbol": symbol, "side": side, "type": "ORDER_TYPE_MARKET", "quantity": lots}

    def new_id(self) -> str:
        """A `client_order_id` that was never used."""
        return f"{self._run}-{next(self._numbers)}"

    def read(self, what: str) -> Json:
        """Reads something of the account over REST."""
        return self._report.good(what, self._rest.get(f"/v1/accounts/{self.account_id}/{what}")).body

    def open_trade(self, door: Door, through: str, symbol: str, side: str, lots: str) -> Trade:
        """Opens, and checks the price, the position, the margin and the account."""

        def submit() -> tuple[Json, Reply]:
            order = self.order(symbol, side, lots)
            return order, patiently(lambda: door.submit(order))

        trade = self._carried_out(submit, f"{through}: {side[5:].lower()} {lots} {symbol}")
        self._recount.filled(trade, Decimal(lots))
        self._recount.standing(trade)
        self._recount.consistent(trade.summary)
        self._recount.pushed(trade)
        return trade

    def close_trade(self, door: Door, through: str, opened: Trade) -> Trade:
        """Closes the position, and checks the profit, its conversion and the booking."""
        position_id = opened.fill["position_id"]

        def close() -> tuple[Json, Reply]:
            chosen = {"account_id": self.account_id, "position_id": position_id, "client_order_id": self.new_id()}
            return chosen, patiently(lambda: door.close_position(chosen))

        trade = self._carried_out(close, f"{through}: close {opened.fill['symbol']}")
        self._recount.closed(opened, trade)
        return trade

    def reverse_trade(self, door: Door, through: str, opened: Trade) -> Trade:
        """Closes by the opposite order, as one does on a netting account."""
        side = SELL if opened.fill["side"] == BUY else BUY

        def submit() -> tuple[Json, Reply]:
            order = self.order(opened.fill["symbol"], side, opened.fill["quantity"])
            return order, patiently(lambda: door.submit(order))

        trade = self._carried_out(submit, f"{through}: {side[5:].lower()} back {opened.fill['symbol']}")
        self._recount.closed(opened, trade)
        return trade

    def check_replay(self, door: Door, through: str, trade: Trade) -> None:
        """The same request again does nothing again; another one under the same id is refused."""
        again = patiently(lambda: door.submit(trade.request))
        same = again.ok and bool(again.body["replayed"]) and again.body["order"]["order_id"] == trade.order["order_id"]
        told = [fill["fill_id"] for fill in again.body.get("fills", [])]
        self._report.check(
            same and told == [trade.fill["fill_id"]],
            f"{through}: the same order again is replayed, not doubled",
            again.ms,
        )
        other = {**trade.request, "quantity": "0.77"}
        reused = patiently(lambda: door.submit(other))
        self._report.check(
            reused.code == "ALREADY_EXISTS" and reused.reason == "CLIENT_ORDER_ID_REUSED",
            f"{through}: another order under the same id is refused ({reused.reason or reused.code})",
            reused.ms,
        )

    def check_mirror(self) -> None:
        """What the WebSocket alone told is what the account is."""
        listed = self.read("positions")
        summary = self.read("summary")["summary"]
        reached = self._feed.wait_for(lambda: (self.mirror.sequence or 0) >= int(summary["sequence"]), PATIENCE_S)
        self._report.check(reached, f"{self.name}: every change was pushed, up to number {summary['sequence']}")
        for fault in self.mirror.faults:
            self._report.check(False, f"{self.name} on the WebSocket: {fault}")
        if self.mirror.sequence == int(summary["sequence"]) == int(listed["sequence"]):
            self._report.equal(
                f"{self.name}: balance from the events alone", self.mirror.balance, Decimal(summary["balance"])
            )
            told = {position["position_id"]: Decimal(position["quantity"]) for position in listed["positions"]}
            rebuilt = {key: Decimal(position["quantity"]) for key, position in self.mirror.positions.items()}
            self._report.check(told == rebuilt, f"{self.name}: positions from the events alone: {len(rebuilt)} open")

    def check_recorded_once(self) -> None:
        """Every order of this run is on record, filled, once."""
        wanted = set(self.sent_ids)
        page = self._report.good("orders", self._rest.get(f"/v1/accounts/{self.account_id}/orders", limit=200)).body[
            "orders"
        ]
        found = [order["client_order_id"] for order in page if order["client_order_id"] in wanted]
        right = len(found) == len(set(found)) == len(wanted)
        self._report.check(right, f"{self.name}: {len(wanted)} orders sent, {len(found)} on record, each once")

    def _carried_out(self, send: Sender, what: str) -> Trade:
        """Sends; and sends a new order while there is no price, for a bounded time."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            request, reply = send()
            self._report.good(what, reply)
            order = reply.body["order"]
            self.sent_ids.append(request["client_order_id"])
            if order["reject_reason"] not in _PASSING:
                break
            if time.monotonic() > give_up:
                raise Unavailable(f"{what}: {order['reject_reason']} for {PATIENCE_S:.0f} s")
            time.sleep(_LOOK_AGAIN_S)
        fills = reply.body["fills"]
        if order["state"] != FILLED or len(fills) != 1:
            self._report.check(False, f"{what}: {order['state']} {order['reject_reason']} with {len(fills)} fills")
            raise Wrong(f"{what} was not filled")
        self._report.did(f"{what} filled at {fills[0]['price']}", reply.ms, reply.attempts)
        # A retried call may find the order done already: then the answer has no summary.
        summary = reply.body.get("summary") or self.read("summary")["summary"]
        return Trade(request, order, fills[0], summary, reply.ms)
