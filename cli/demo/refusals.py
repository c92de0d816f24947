"""Bad input: each is refused with its reason, and leaves nothing behind."""

import base64
import json
from dataclasses import dataclass

from cli.demo.recount import BUY
from cli.demo.reply import Json, Reply, patiently
from cli.demo.report import Report
from cli.demo.rest import RestClient
from cli.demo.trader import Trader

NOBODYS_ACCOUNT = "018f4a00-0000-7000-8000-0000000fffff"


@dataclass(frozen=True, slots=True)
class Refused:
    """A bad order, and how it is to be refused."""

    what: str
    changed: Json
    http_status: int
    reason: str


BAD_ORDERS = (
    Refused("an unknown symbol", {"symbol": "NOPE"}, 404, "SYMBOL_UNKNOWN"),
    Refused("a quantity between the steps", {"quantity": "0.015"}, 400, "QUANTITY_STEP"),
    Refused("a quantity above the limit", {"quantity": "1000"}, 400, "QUANTITY_OUT_OF_RANGE"),
    Refused("a negative quantity", {"quantity": "-1"}, 400, "FIELD_INVALID"),
    Refused("a quantity that is not a number", {"quantity": "NaN"}, 400, "FIELD_INVALID"),
    Refused("a side that does not exist", {"side": "SIDEWAYS"}, 400, "REQUEST_MALFORMED"),
)


class Refusals:
    """Tries what must not work."""

    def __init__(self, rest: RestClient, trader: Trader, report: Report, someone_else: str) -> None:
        self._rest = rest
        self._trader = trader
        self._report = report
        self._someone_else = someone_else

    def run(self) -> None:
        """All of it."""
        good = self._trader.order("EURUSD", BUY, "0.01")
        ids = [self._bad_order(bad) for bad in BAD_ORDERS]
        self._malformed(good)
        self._foreign(good)
        self._tokens(good)
        self._nothing_recorded([*ids, good["client_order_id"]])

    def _bad_order(self, bad: Refused) -> str:
        order = {**self._trader.order("EURUSD", BUY, "0.01"), **bad.changed}
        self._expect(bad.what, self._submit(order), bad.http_status, bad.reason)
        return str(order["client_order_id"])

    def _malformed(self, good: Json) -> None:
        path = f"/v1/accounts/{good['account_id']}/orders"
        reply = patiently(lambda: self._rest.send("POST", path, b'{"symbol": "EURUSD", '))
        self._expect("JSON that ends early", reply, 400, "REQUEST_MALFORMED")

    def _foreign(self, good: Json) -> None:
        for what, account_id in (("someone else's account", self._someone_else), ("no account", NOBODYS_ACCOUNT)):
            self._expect(what, self._submit({**good, "account_id": account_id}), 404, "ACCOUNT_UNKNOWN")

    def _tokens(self, good: Json) -> None:
        self._expect("a forged token", self._submit(good, forged(self._rest.token)), 401, "TOKEN_INVALID")
        self._expect("a token without signature", self._submit(good, unsigned(self._rest.token)), 401, "TOKEN_INVALID")
        self._expect("rubbish as a token", self._submit(good, "rubbish"), 401, "TOKEN_INVALID")

    def _submit(self, order: Json, token: str | None = None) -> Reply:
        path = f"/v1/accounts/{order['account_id']}/orders"
        body = json.dumps({name: value for name, value in order.items() if name != "account_id"}).encode()
        return patiently(lambda: self._rest.send("POST", path, body, token))

    def _expect(self, what: str, reply: Reply, http_status: int, reason: str) -> None:
        right = (reply.http_status, reply.reason) == (http_status, reason)
        told = f"{reply.http_status} {reply.reason}"
        self._report.check(
            right, f"{what}: {told}" + ("" if right else f", should be {http_status} {reason}"), reply.ms
        )

    def _nothing_recorded(self, ids: list[str]) -> None:
        path = f"/v1/accounts/{self._trader.account_id}/orders:byClientId"
        found = [name for name in ids if self._rest.get(path, client_order_id=name).reason != "ORDER_UNKNOWN"]
        self._report.check(not found, f"none of the {len(ids)} is on record" + "".join(f" {name}" for name in found))


def forged(token: str) -> str:
    """The token, with another user in it and the old signature."""
    head, claims, signature = token.split(".")
    changed = {**json.loads(_decoded(claims)), "sub": NOBODYS_ACCOUNT}
    return f"{head}.{_encoded(json.dumps(changed).encode())}.{signature}"


def unsigned(token: str) -> str:
    """The token, saying that it needs no signature."""
    head = {**json.loads(_decoded(token.split(".")[0])), "alg": "none"}
    return f"{_encoded(json.dumps(head).encode())}.{token.split('.')[1]}."


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
