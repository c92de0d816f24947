"""Bad input: each is refused with a reason, through every door, and not a byte of the books changes."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.json_format import MessageToDict
from grpc_status import rpc_status

from cli.demo.doors import Door, RestOrders, StreamOrders
from cli.demo.refusals import forged, unsigned
from cli.demo.reply import Json, Reply, refusal
from cli.demo.rest import RestClient
from cli.demo.rpc import GrpcOrders, GrpcWebOrders
from local.demo_users import TENANT, USERS
from services.identity.domain.session import Session, User
from services.identity.tokens import Ed25519Signer, read_key
from services.kernel.clock import utc_now
from services.kernel.ids import new_id
from tests.integration.system.running import RunningSystem

MINE, THEIRS = USERS[0].accounts[0].account_id, USERS[1].accounts[0].account_id
NOBODYS = "018f4a00-0000-7000-8000-0000000fffff"

BAD_ORDERS: dict[str, tuple[Json, str, str]] = {
    "unknown symbol": ({"symbol": "NOPE"}, "NOT_FOUND", "SYMBOL_UNKNOWN"),
    "wrong step": ({"quantity": "0.015"}, "INVALID_ARGUMENT", "QUANTITY_STEP"),
    "too much": ({"quantity": "1000"}, "INVALID_ARGUMENT", "QUANTITY_OUT_OF_RANGE"),
    "too little": ({"quantity": "0.001"}, "INVALID_ARGUMENT", "QUANTITY_OUT_OF_RANGE"),
    "zero": ({"quantity": "0"}, "INVALID_ARGUMENT", "QUANTITY_OUT_OF_RANGE"),
    "negative": ({"quantity": "-1"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "NaN": ({"quantity": "NaN"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "infinity": ({"quantity": "Infinity"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "exponent": ({"quantity": "1e2"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "no quantity": ({"quantity": ""}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "no side": ({"side": "SIDE_UNSPECIFIED"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "bad key": ({"client_order_id": "no spaces"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "long key": ({"client_order_id": "k" * 65}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "SQL in the key": ({"client_order_id": "x'; DROP TABLE orders;--"}, "INVALID_ARGUMENT", "FIELD_INVALID"),
    "no account": ({"account_id": NOBODYS}, "NOT_FOUND", "ACCOUNT_UNKNOWN"),
    "somebody else's account": ({"account_id": THEIRS}, "NOT_FOUND", "ACCOUNT_UNKNOWN"),
}
DOORS: dict[str, Callable[[RunningSystem, str], Door]] = {
    "rest": lambda system, token: RestOrders(rest(system, token)),
    "grpc": lambda system, token: GrpcOrders(system.gateway, token),
    "grpc-stream": lambda system, token: StreamOrders(GrpcOrders(system.gateway, token)),
    "grpc-web": lambda system, token: GrpcWebOrders(system.gateway, token),
}


def rest(system: RunningSystem, token: str) -> RestClient:
    """A REST client with that token."""
    client = RestClient(system.gateway)
    client.token = token
    return client


def order(**changed: Any) -> Json:
    """A market order that would be filled, but for what is changed."""
    good = {"account_id": MINE, "client_order_id": f"bad-{time.time_ns()}", "symbol": "EURUSD", "side": "SIDE_BUY"}
    return {**good, "type": "ORDER_TYPE_MARKET", "quantity": "0.01", **changed}


@pytest.mark.parametrize("name", DOORS)
def test_bad_orders_are_refused_with_their_reason_and_change_nothing(system: RunningSystem, name: str) -> None:
    before = system.fingerprint()
    door = DOORS[name](system, system.token())
    for what, (changed, code, reason) in BAD_ORDERS.items():
        reply = door.submit(order(**changed))
        assert (reply.code, reply.reason) == (code, reason), f"{what}: {reply}"
        assert reply.message, what
    assert system.fingerprint() == before


@pytest.mark.parametrize("name", DOORS)
def test_reused_client_order_id_with_another_body_conflicts_and_changes_nothing(
    system: RunningSystem, name: str
) -> None:
    first = order()
    door = DOORS[name](system, system.token())
    opened = door.submit(first)
    assert opened.ok, opened
    before = system.fingerprint()
    for changed in ({"quantity": "0.02"}, {"side": "SIDE_SELL"}, {"symbol": "GBPUSD"}):
        reply = door.submit({**first, **changed})
        assert (reply.code, reply.reason) == ("ALREADY_EXISTS", "CLIENT_ORDER_ID_REUSED"), reply
    assert door.submit(first).body["replayed"] is True
    assert system.fingerprint() == before
    position_id = opened.body["fills"][0]["position_id"]
    closing_order = {"account_id": MINE, "position_id": position_id, "client_order_id": order()["client_order_id"]}
    assert door.close_position(closing_order).ok


def test_position_of_somebody_else_can_not_be_closed(system: RunningSystem) -> None:
    theirs = RestOrders(system.rest(USERS[1]))
    opened = theirs.submit(order(account_id=THEIRS))
    assert opened.ok, opened
    position_id = opened.body["fills"][0]["position_id"]
    mine, before = RestOrders(system.rest()), system.fingerprint()
    for account_id, reason in ((MINE, "POSITION_UNKNOWN"), (THEIRS, "ACCOUNT_UNKNOWN")):
        attempt = {"account_id": account_id, "position_id": position_id, "client_order_id": order()["client_order_id"]}
        reply = mine.close_position(attempt)
        assert (reply.code, reply.reason) == ("NOT_FOUND", reason), reply
    assert system.fingerprint() == before
    closing_order = {"account_id": THEIRS, "position_id": position_id, "client_order_id": order()["client_order_id"]}
    assert theirs.close_position(closing_order).ok


@pytest.mark.parametrize("what", ["", "/summary", "/positions", "/orders", "/fills", "/ledger", "/changes"])
def test_account_of_somebody_else_can_not_be_read(system: RunningSystem, what: str) -> None:
    theirs, nobodys = (system.rest().get(f"/v1/accounts/{account}{what}") for account in (THEIRS, NOBODYS))
    assert (theirs.code, theirs.reason) == ("NOT_FOUND", "ACCOUNT_UNKNOWN")
    # Nothing tells the two apart.
    assert theirs.body == nobodys.body


# --- tokens ---


def signed(
    system: RunningSystem, *, key: Ed25519PrivateKey | None = None, audience: str = "client", age_s: int = 0
) -> str:
    """A token of the first user that was signed so long ago, to live for ten minutes."""
    signer = Ed25519Signer(key or read_key(system.paths.signing_key), "tradeloom", new_id)
    issued = utc_now() - timedelta(seconds=age_s)
    user = User(UUID(USERS[0].user_id), TENANT, USERS[0].username, ("trader",))
    return signer.sign(Session(new_id(), user), audience, issued, issued + timedelta(seconds=600))


def bad_tokens(system: RunningSystem) -> dict[str, tuple[str, str]]:
    """Tokens that look like good ones, and why each is refused."""
    ticket = system.rest().post("/v1/stream/tickets", {}).body["ticket"]
    return {
        "expired": (signed(system, age_s=700), "TOKEN_EXPIRED"),
        "not valid yet": (signed(system, age_s=-300), "TOKEN_INVALID"),
        "another user in it": (forged(system.token()), "TOKEN_INVALID"),
        "no signature": (unsigned(system.token()), "TOKEN_INVALID"),
        "signed by somebody else": (signed(system, key=Ed25519PrivateKey.generate()), "TOKEN_INVALID"),
        "for another audience": (signed(system, audience="stream"), "TOKEN_INVALID"),
        "a ticket": (ticket, "TOKEN_INVALID"),
        "rubbish": ("rubbish", "TOKEN_INVALID"),
    }


@pytest.mark.parametrize("name", DOORS)
def test_bad_tokens_are_refused_with_their_reason_and_change_nothing(system: RunningSystem, name: str) -> None:
    assert DOORS[name](system, signed(system)).submit(order(symbol="NOPE")).reason == "SYMBOL_UNKNOWN"
    before = system.fingerprint()
    for what, (token, reason) in bad_tokens(system).items():
        reply = DOORS[name](system, token).submit(order())
        assert (reply.code, reply.reason) == ("UNAUTHENTICATED", reason), f"{what}: {reply}"
    assert system.fingerprint() == before


def test_no_token_is_refused_as_that(system: RunningSystem) -> None:
    assert rest(system, "").get("/v1/accounts").reason == "TOKEN_MISSING"


# --- what is no message at all ---


@pytest.mark.parametrize(
    "body",
    [b'{"symbol": "EURUSD", ', b"", b"\xff\xfe\x00", b"[]", b'"order"', b'{"quantity": {}}', b'{"side": "SIDEWAYS"}'],
    ids=repr,
)
def test_malformed_json_is_refused_and_changes_nothing(system: RunningSystem, body: bytes) -> None:
    before = system.fingerprint()
    reply = system.rest().send("POST", f"/v1/accounts/{MINE}/orders", body)
    assert reply.http_status == 400
    assert reply.reason in ("REQUEST_MALFORMED", "FIELD_INVALID")
    assert system.fingerprint() == before


def test_number_where_a_decimal_string_belongs_is_never_rounded(system: RunningSystem) -> None:
    before = system.fingerprint()
    body = {name: value for name, value in order(quantity=0.1 + 0.2).items() if name != "account_id"}
    reply = system.rest().send("POST", f"/v1/accounts/{MINE}/orders", json.dumps(body).encode())
    assert reply.http_status == 400
    assert system.fingerprint() == before


def test_body_that_is_too_large_is_refused(system: RunningSystem) -> None:
    before = system.fingerprint()
    reply = system.rest().send("POST", f"/v1/accounts/{MINE}/orders", b'{"symbol":"' + b"E" * 100_000 + b'"}')
    assert reply.http_status in (400, 413)
    assert system.fingerprint() == before


@pytest.mark.parametrize("method", ["SubmitOrder", "ClosePosition"])
def test_malformed_protobuf_is_refused_and_changes_nothing(system: RunningSystem, method: str) -> None:
    before = system.fingerprint()
    reply = raw_call(system, method, b"\x0a\xff\xff\xff\xff\x0f not a message")
    assert (reply.code, reply.reason) == ("INVALID_ARGUMENT", "REQUEST_MALFORMED"), reply
    assert system.fingerprint() == before


def test_malformed_protobuf_on_the_order_stream_ends_that_stream_alone(system: RunningSystem) -> None:
    before = system.fingerprint()
    with closing(GrpcOrders(system.gateway, system.token())) as other:
        assert raw_call(system, "ExchangeOrders", b"\xff\xff\xff\xff").code != "OK"
        assert other.exchange({"submit_order": order(symbol="NOPE")}).reason == "SYMBOL_UNKNOWN"
    assert system.fingerprint() == before


def test_method_that_nobody_has_is_refused(system: RunningSystem) -> None:
    assert raw_call(system, "EmptyTheBank", b"").code == "UNIMPLEMENTED"


def raw_call(system: RunningSystem, method: str, payload: bytes) -> Reply:
    """Sends bytes as the message of a gRPC call."""
    with grpc.insecure_channel(f"127.0.0.1:{system.ports.gateway}") as channel:
        path = f"/tradeloom.client.v1.OrderService/{method}"
        metadata = (("authorization", f"Bearer {system.token()}"),)
        try:
            if method == "ExchangeOrders":
                list(channel.stream_stream(path, None, None)(iter([payload]), metadata=metadata, timeout=10))
            else:
                channel.unary_unary(path, None, None)(payload, metadata=metadata, timeout=10)
        except grpc.RpcError as error:
            return reply_of(error)
    return Reply("OK")


def reply_of(error: grpc.RpcError) -> Reply:
    """The failure as the demo's clients have it."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        return Reply(error.code().name, "", error.details() or "")  # type: ignore[attr-defined]
    told = MessageToDict(status, preserving_proto_field_name=True)
    return refusal(told, 0.0)
