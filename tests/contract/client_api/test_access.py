"""Who may call what: every method of the public contracts, generated from their descriptors."""

import asyncio
import base64
import json
import time
from datetime import timedelta
from uuid import UUID

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf import message_factory
from tradeloom.access.v1 import access_pb2
from tradeloom.client.v1 import account_service_pb2 as account_pb

from services.client_api.main import CONTRACTS
from services.identity.domain.session import Session, User
from services.identity.tokens import Ed25519Signer
from services.kernel.errors import EngineError, Kind
from services.kit.status import error_of, error_of_call
from tests.fakes.identity import PASSWORD, TRADER, new_test_id
from tests.fakes.subject import (
    ACCOUNT,
    MISSING_ACCOUNT,
    OTHER_TENANTS_ACCOUNT,
    OTHER_USER_ID,
    OTHERS_ACCOUNT,
    VIEWER,
)

METHODS = [
    method
    for contract in CONTRACTS
    for service in contract.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
VALUES = {
    "account_id": ACCOUNT,
    "position_id": "018f4a00-0000-7000-8000-00000000b001",
    "order_id": "018f4a00-0000-7000-8000-00000000c001",
    "client_order_id": "c-1",
    "symbol": "EURUSD",
    "side": 1,
    "type": 1,
    "quantity": "1.00",
    "username": TRADER.username,
    "password": PASSWORD,
    "refresh_token": "made-up",
}
ACCESS_REASONS = {"TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "PERMISSION_MISSING"}
PUBLIC, READ, TRADE = (
    access_pb2.PERMISSION_PUBLIC,
    access_pb2.PERMISSION_CLIENT_READ,
    access_pb2.PERMISSION_CLIENT_TRADE,
)


def permission_of(method):
    return method.GetOptions().Extensions[access_pb2.permission]


def names_an_account(method):
    return "account_id" in method.input_type.fields_by_name or method.name == "ExchangeOrders"


def filled(descriptor, account_id):
    """A request that every rule allows."""
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.name in VALUES:
            setattr(message, field.name, account_id if field.name == "account_id" else VALUES[field.name])
    if descriptor.name == "ExchangeOrdersRequest":
        item = message.items.add(id=1)
        item.submit_order.CopyFrom(filled(item.submit_order.DESCRIPTOR, account_id))
    return message


async def outcome(api, method, token, account_id=ACCOUNT):
    """The error of a call, or None; for the stream of orders the error of its item."""
    request = filled(method.input_type, account_id)
    call = getattr(api, method.name)
    try:
        if method.name == "ExchangeOrders":
            stream = call(None, token=token)
            await stream.write(request)
            [item] = (await stream.read()).items
            return error_of(item.error) if item.HasField("error") else None
        if method.name == "WatchQuotes":
            await call(request, token=token).read()
        else:
            await call(request, token=token)
    except EngineError as error:
        return error
    except grpc.aio.AioRpcError as failure:
        return error_of_call(failure)
    return None


def reason(error):
    return error.reason if error is not None else None


def by_name(method):
    return f"{method.containing_service.name}.{method.name}"


@pytest.mark.parametrize("method", METHODS, ids=by_name)
async def test_without_a_token_only_public_methods_answer(api, method):
    error = await outcome(api, method, None)
    if permission_of(method) == PUBLIC:
        assert reason(error) not in ACCESS_REASONS
    else:
        assert (error.kind, error.reason) == (Kind.UNAUTHENTICATED, "TOKEN_MISSING")


@pytest.mark.parametrize("method", METHODS, ids=by_name)
async def test_a_viewer_reads_and_does_not_trade(api, method):
    error = await outcome(api, method, api.token(VIEWER))
    if permission_of(method) == TRADE:
        assert (error.kind, error.reason) == (Kind.FORBIDDEN, "PERMISSION_MISSING")
        assert api.oms.commands == []
    else:
        assert reason(error) not in ACCESS_REASONS


@pytest.mark.parametrize("method", METHODS, ids=by_name)
async def test_a_trader_may_call_everything(api, method):
    assert reason(await outcome(api, method, api.token())) not in {*ACCESS_REASONS, "ACCOUNT_UNKNOWN"}


@pytest.mark.parametrize("method", [m for m in METHODS if names_an_account(m)], ids=by_name)
async def test_accounts_of_others_are_unknown_exactly_as_missing_ones_are(api, method):
    missing = await outcome(api, method, api.token(), MISSING_ACCOUNT)
    assert (missing.kind, missing.reason) == (Kind.NOT_FOUND, "ACCOUNT_UNKNOWN")
    for account_id in (OTHERS_ACCOUNT, OTHER_TENANTS_ACCOUNT):
        error = await outcome(api, method, api.token(), account_id)
        assert (error.kind, error.reason, error.message) == (missing.kind, missing.reason, missing.message)
        assert error.metadata == missing.metadata
    assert api.oms.commands == []


def test_the_matrix_meets_every_kind_of_method():
    assert {permission_of(method) for method in METHODS} == {PUBLIC, READ, TRADE}
    assert len(METHODS) >= 20
    assert sum(map(names_an_account, METHODS)) >= 10


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(api, **changed):
    own = jwt.decode(api.token(), options={"verify_signature": False})
    return {**own, **changed}


def kid_of(api):
    return jwt.get_unverified_header(api.token())["kid"]


def signed(api, claims, **header):
    made = {"kid": kid_of(api), "typ": "at+jwt", **header}
    return jwt.encode(claims, api.identity.key, algorithm="EdDSA", headers=made)


def expired(api):
    return api.token(lives_s=-60)


def for_another_audience(api):
    return api.token(audience="stream")


def of_another_issuer(api):
    return signed(api, claims_of(api, iss="somebody"))


def without_session(api):
    claims = claims_of(api)
    del claims["sid"]
    return signed(api, claims)


def not_yet_valid(api):
    return signed(api, claims_of(api, nbf=int(time.time()) + 600))  # noqa: TID251 -- as the verifier's library does


def forged(api):
    """Another key under the right key id."""
    signer = Ed25519Signer(Ed25519PrivateKey.generate(), "tradeloom", new_test_id)
    now = api.identity.clock()
    made = signer.sign(Session(UUID(int=1), TRADER), "client", now, now + timedelta(minutes=10))
    _, payload, signature = made.split(".")
    header = base64url(json.dumps({"alg": "EdDSA", "kid": kid_of(api), "typ": "at+jwt"}).encode())
    return f"{header}.{payload}.{signature}"


def of_an_unknown_key(api):
    return signed(api, claims_of(api), kid="unknown")


def tampered(api):
    header, payload, signature = api.token(VIEWER).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return ".".join([header, base64url(json.dumps({**claims, "roles": ["trader"]}).encode()), signature])


def unsigned(api):
    header = base64url(json.dumps({"alg": "none", "kid": kid_of(api), "typ": "at+jwt"}).encode())
    return f"{header}.{base64url(json.dumps(claims_of(api)).encode())}."


def signed_with_the_public_key(api):
    """The classic confusion: HMAC with what everybody knows."""
    public = api.identity.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims_of(api), public, algorithm="HS256", headers={"kid": kid_of(api), "typ": "at+jwt"})


def of_another_type(api):
    return signed(api, claims_of(api), typ="JWT")


def with_critical_header(api):
    return signed(api, claims_of(api), crit=["exp"])


def garbage(api):
    return "a.b.c"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (expired, "TOKEN_EXPIRED"),
        *(
            (make, "TOKEN_INVALID")
            for make in (
                for_another_audience,
                of_another_issuer,
                without_session,
                not_yet_valid,
                forged,
                of_an_unknown_key,
                tampered,
                unsigned,
                signed_with_the_public_key,
                of_another_type,
                with_critical_header,
                garbage,
            )
        ),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_a_wrong_token_is_refused_with_its_reason(api, make, expected):
    request = account_pb.ListAccountsRequest()
    assert (await api.ListAccounts(request, token=signed(api, claims_of(api)))).accounts  # The tools are sound.
    with pytest.raises(EngineError) as caught:
        await api.ListAccounts(request, token=make(api))
    assert (caught.value.kind, caught.value.reason) == (Kind.UNAUTHENTICATED, expected)


async def test_the_token_is_checked_before_the_request_is(api):
    with pytest.raises(EngineError) as caught:
        await api.GetAccount(account_pb.GetAccountRequest(account_id="no uuid"))
    assert caught.value.reason == "TOKEN_MISSING"


async def test_two_tokens_in_one_call_are_refused(api):
    metadata = [("authorization", f"Bearer {api.token(VIEWER)}")]
    with pytest.raises(EngineError) as caught:
        await api.ListAccounts(account_pb.ListAccountsRequest(), token=api.token(), metadata=metadata)
    assert caught.value.reason == "TOKEN_INVALID"


async def test_callers_at_the_same_time_are_not_mixed_up(api):
    other = User(UUID(OTHER_USER_ID), "demo", "trader2@demo.tradeloom.example", ("trader",))
    tokens = {TRADER.user_id: api.token(TRADER), other.user_id: api.token(other)}
    callers = list(tokens) * 20
    answers = await asyncio.gather(
        *[api.ListAccounts(account_pb.ListAccountsRequest(), token=tokens[user_id]) for user_id in callers]
    )
    for user_id, answer in zip(callers, answers, strict=True):
        assert (ACCOUNT in [a.account_id for a in answer.accounts]) == (user_id == TRADER.user_id)
        assert (OTHERS_ACCOUNT in [a.account_id for a in answer.accounts]) == (user_id == other.user_id)
