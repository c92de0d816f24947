"""Who gets in: every wrong token, and every method with too small a role, in both of its forms."""

import asyncio
import re
from collections.abc import Callable

import httpx
import pytest

from mesh.local import methods
from mesh.local.gateway import GatewaySettings
from tests.mesh.backend import Backend
from tests.mesh.conftest import ROOT
from tests.mesh.envoy_process import Gateway
from tests.mesh.test_gateway_rest import reason
from tests.mesh.tokens import Issuer, bearer

PUBLIC_METHODS = methods.public_methods(ROOT / "gen" / "tradeloom.binpb")
GUARDED = [method for method in PUBLIC_METHODS if method.permission != methods.PUBLIC]
TRADING = [method for method in PUBLIC_METHODS if method.permission == methods.TRADE]

WRONG: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "expired": (lambda issuer: issuer.token(expires_in_s=-60), "TOKEN_EXPIRED"),
    "not yet valid": (lambda issuer: issuer.token(nbf=4_000_000_000), "TOKEN_INVALID"),
    "without an end": (lambda issuer: issuer.token(without="exp"), "TOKEN_INVALID"),
    "of another audience": (lambda issuer: issuer.token(aud="stream"), "TOKEN_INVALID"),
    "without an audience": (lambda issuer: issuer.token(without="aud"), "TOKEN_INVALID"),
    "of another issuer": (lambda issuer: issuer.token(iss="somebody"), "TOKEN_INVALID"),
    "signed by another key": (lambda issuer: Issuer(kid=issuer.kid).token(), "TOKEN_INVALID"),
    "signed by an unknown key": (lambda issuer: Issuer(kid="other").token(), "TOKEN_INVALID"),
    "unsigned": (lambda issuer: issuer.unsigned(), "TOKEN_INVALID"),
    "signed with the public key": (lambda issuer: issuer.signed_with_the_public_key(), "TOKEN_INVALID"),
    "cut": (lambda issuer: issuer.token()[:-4], "TOKEN_INVALID"),
    "rubbish": (lambda issuer: "rubbish", "TOKEN_INVALID"),
    "only dots": (lambda issuer: "..", "TOKEN_INVALID"),
}


def rest_call(client: httpx.AsyncClient, method: methods.Method) -> httpx.Request:
    path = re.sub(r"\{[a-z_]+\}", "018f4a00-0000-7000-8000-000000001001", method.rest_paths[0])
    if method.reads_only:
        return client.build_request("GET", path)
    return client.build_request("POST", path, json={})


@pytest.mark.parametrize("wrong", WRONG)
async def test_wrong_token_is_refused(gateway: Gateway, issuer: Issuer, backend: Backend, wrong: str) -> None:
    make, expected = WRONG[wrong]
    async with httpx.AsyncClient(base_url=gateway.url, headers=bearer(make(issuer))) as client:
        assert reason(await client.get("/v1/accounts")) == (401, expected)
    assert backend.calls == []


async def test_token_anywhere_but_in_its_header_is_not_taken(
    anonymous: httpx.AsyncClient, issuer: Issuer, backend: Backend
) -> None:
    token = issuer.token()
    in_query = await anonymous.get("/v1/accounts", params={"access_token": token})
    in_cookie = await anonymous.get("/v1/accounts", headers={"cookie": f"authorization=Bearer {token}"})
    assert [reason(in_query), reason(in_cookie)] == [(401, "TOKEN_MISSING")] * 2
    assert backend.calls == []


async def test_token_that_was_good_is_refused_once_it_expires(gateway: Gateway, issuer: Issuer) -> None:
    # Envoy keeps verified tokens, and allows 5 s of skew: this one has some 2 s left.
    headers = bearer(issuer.token(expires_in_s=-3))
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers) as client, asyncio.timeout(20):
        response = await client.get("/v1/accounts")
        assert response.status_code == 200
        while response.status_code == 200:
            await asyncio.sleep(0.1)
            response = await client.get("/v1/accounts")
    assert reason(response) == (401, "TOKEN_EXPIRED")


@pytest.mark.parametrize("method", GUARDED, ids=lambda method: method.name)
async def test_guarded_method_is_closed_without_a_token(
    anonymous: httpx.AsyncClient, backend: Backend, method: methods.Method
) -> None:
    if method.rest_paths:
        assert reason(await anonymous.send(rest_call(anonymous, method))) == (401, "TOKEN_MISSING")
    rpc = await anonymous.post(method.path, content=b"\0" * 5, headers={"content-type": "application/grpc"})
    assert rpc.headers["grpc-status"] == "16"
    assert backend.calls == []


@pytest.mark.parametrize("method", TRADING, ids=lambda method: method.name)
async def test_trading_is_closed_to_a_viewer(
    viewer: httpx.AsyncClient, backend: Backend, method: methods.Method
) -> None:
    if method.rest_paths:
        assert reason(await viewer.send(rest_call(viewer, method))) == (403, "NOT_PERMITTED")
    rpc = await viewer.post(method.path, content=b"\0" * 5, headers={"content-type": "application/grpc"})
    assert rpc.headers["grpc-status"] == "7"
    assert backend.calls == []


@pytest.mark.parametrize("roles", [[], ["Trader"], ["trader "], "trader", None])
async def test_only_the_exact_role_in_the_list_trades(
    gateway: Gateway, issuer: Issuer, backend: Backend, roles: object
) -> None:
    headers = bearer(issuer.token(roles=roles))
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers) as client:
        assert reason(await client.send(rest_call(client, TRADING[0]))) == (403, "NOT_PERMITTED")
        assert (await client.get("/v1/accounts")).status_code == 200
    assert backend.count("SubmitOrder") == 0


async def test_token_without_a_subject_reads_nothing(gateway: Gateway, issuer: Issuer, backend: Backend) -> None:
    for headers in (bearer(issuer.token(without="sub")), bearer(issuer.token(sub=""))):
        async with httpx.AsyncClient(base_url=gateway.url, headers=headers) as client:
            assert reason(await client.get("/v1/accounts")) == (403, "NOT_PERMITTED")
    assert backend.calls == []


def test_contracts_have_methods_of_every_kind(settings: GatewaySettings) -> None:
    assert {method.permission for method in PUBLIC_METHODS} == {methods.PUBLIC, methods.READ, methods.TRADE}
    assert {method.name for method in TRADING} >= {"SubmitOrder", "ClosePosition", "ExchangeOrders"}
