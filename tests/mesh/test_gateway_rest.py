import asyncio
import json
from typing import Any

import httpx
import pytest

from mesh.local.gateway import GatewaySettings
from tests.mesh.backend import DOWN, Backend
from tests.mesh.conftest import ORIGIN
from tests.mesh.envoy_process import Gateway
from tests.mesh.tokens import USER_ID, Issuer, bearer

ACCOUNT = "018f4a00-0000-7000-8000-000000001001"
POSITION = "018f4a00-0000-7000-8000-0000000000aa"
ORDER = {
    "client_order_id": "c-1", "symbol": "EURUSD", "side": "SIDE_BUY", "type": "ORDER_TYPE_MARKET", "quantity": "0.10",
}  # fmt: skip


def reason(response: httpx.Response) -> tuple[int, str]:
    """The HTTP status and the reason in the error's `ErrorInfo`."""
    assert response.headers["content-type"] == "application/json"
    status = response.json()
    assert status["message"]
    assert status["details"][0]["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert status["details"][0]["domain"] == "tradeloom"
    return response.status_code, status["details"][0]["reason"]


async def test_health_needs_no_token(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/healthz")
    assert (response.status_code, response.text) == (200, "ok\n")


async def test_public_method_needs_no_token(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/v1/time")
    assert (response.status_code, response.json()) == (200, {"time": "2023-11-14T22:13:20Z"})


async def test_public_method_answers_also_with_an_expired_token(gateway: Gateway, issuer: Issuer) -> None:
    headers = bearer(issuer.token(expires_in_s=-60))
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers) as client:
        response = await client.post("/v1/auth/login", json={"username": "u", "password": "right"})
    assert response.status_code == 200
    assert response.json()["tokens"]["access_token"] == "a"


async def test_path_and_body_become_one_message(trader: httpx.AsyncClient, backend: Backend) -> None:
    response = await trader.post(f"/v1/accounts/{ACCOUNT}/orders", json=ORDER)
    assert response.status_code == 200
    order = response.json()["order"]
    assert {key: order[key] for key in ORDER} == ORDER
    assert (order["account_id"], order["state"], order["filled_quantity"]) == (ACCOUNT, "ORDER_STATE_FILLED", "")
    assert backend.last().method == "/tradeloom.client.v1.OrderService/SubmitOrder"


async def test_query_becomes_fields_and_large_integers_are_strings(trader: httpx.AsyncClient) -> None:
    response = await trader.get(f"/v1/accounts/{ACCOUNT}/changes", params={"since_sequence": "9007199254740993"})
    assert response.json() == {"changes": [], "last_sequence": "9007199254740993"}
    quotes = await trader.get("/v1/quotes", params={"symbols": ["EURUSD", "US500"]})
    assert [quote["symbol"] for quote in quotes.json()["quotes"]] == ["EURUSD", "US500"]


async def test_custom_verbs_reach_their_methods(trader: httpx.AsyncClient) -> None:
    path = f"/v1/accounts/{ACCOUNT}/positions/{POSITION}:close"
    closed = (await trader.post(path, json={"client_order_id": "c-2"})).json()["order"]
    assert (closed["position_id"], closed["quantity"]) == (POSITION, "all")
    found = await trader.get(f"/v1/accounts/{ACCOUNT}/orders:byClientId", params={"client_order_id": "a+b c"})
    assert found.json()["order"]["client_order_id"] == "a+b c"


async def test_error_of_a_service_keeps_its_reason_and_metadata(trader: httpx.AsyncClient) -> None:
    response = await trader.get("/v1/instruments/NOPE")
    assert response.status_code == 404
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SYMBOL_UNKNOWN"}
    detail |= {"domain": "tradeloom", "metadata": {"symbol": "NOPE"}}  # type: ignore[dict-item]
    assert response.json() == {"code": 5, "message": "NOPE is not traded here", "details": [detail]}


async def test_wrong_password_is_told_by_the_service_not_by_the_gateway(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.post("/v1/auth/login", json={"username": "u", "password": "wrong"})
    assert reason(response) == (401, "CREDENTIALS_INVALID")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"client_order_id":', 400), (b'{"side":"SIDE_UP"}', 400), (b"[]", 400), (b'{"quantity":{}}', 400)],
)
async def test_malformed_body_is_refused_with_a_reason(
    trader: httpx.AsyncClient, backend: Backend, body: bytes, status: int
) -> None:
    response = await trader.post(
        f"/v1/accounts/{ACCOUNT}/orders", content=body, headers={"content-type": "application/json"}
    )
    assert reason(response) == (status, "REQUEST_MALFORMED")
    assert backend.orders == []


async def test_account_that_differs_between_path_and_body_is_refused(
    trader: httpx.AsyncClient, backend: Backend
) -> None:
    response = await trader.post(f"/v1/accounts/{ACCOUNT}/orders", json={**ORDER, "account_id": DOWN})
    assert reason(response) == (400, "REQUEST_MALFORMED")
    assert backend.orders == []


async def test_unknown_query_parameter_is_refused(trader: httpx.AsyncClient, backend: Backend) -> None:
    response = await trader.get("/v1/quotes", params={"symbol": "EURUSD"})
    assert reason(response) == (400, "REQUEST_MALFORMED")
    assert backend.count("GetQuotes") == 0


async def test_body_above_the_limit_is_refused(trader: httpx.AsyncClient, backend: Backend) -> None:
    path = f"/v1/accounts/{ACCOUNT}/orders"
    response = await trader.post(path, json={**ORDER, "client_order_id": "x" * 65 * 1024})
    assert reason(response) == (413, "BODY_TOO_LARGE")
    assert backend.orders == []


async def test_large_answer_comes_whole_and_compressed(trader: httpx.AsyncClient) -> None:
    response = await trader.get("/v1/instruments", params={"limit": 1000})
    assert len(response.json()["instruments"]) == 1000
    assert response.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v2/time", "/", "/v1/accounts/x/orders/y:close"])
async def test_unknown_path_is_not_found(trader: httpx.AsyncClient, path: str) -> None:
    assert reason(await trader.get(path)) == (404, "PATH_UNKNOWN")


@pytest.mark.parametrize(
    "path",
    [
        "/tradeloom.oms.v1.CommandService/Deposit",
        "/tradeloom.identity.v1.IdentityService/GetJwks",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.health.v1.Health/Check",
    ],
)
async def test_internal_services_are_not_reachable(trader: httpx.AsyncClient, backend: Backend, path: str) -> None:
    for content_type in ("application/json", "application/grpc", "application/grpc-web+proto"):
        response = await trader.post(path, content=b"\0\0\0\0\0", headers={"content-type": content_type})
        assert response.status_code == 404 or response.headers["grpc-status"] == "12"
    assert backend.calls == []


async def test_rpc_path_takes_no_json(trader: httpx.AsyncClient, backend: Backend) -> None:
    response = await trader.post("/tradeloom.client.v1.OrderService/SubmitOrder", json={**ORDER, "account_id": ACCOUNT})
    assert reason(response) == (404, "PATH_UNKNOWN")
    assert backend.calls == []


@pytest.mark.parametrize("path", ["/v1/auth/../accounts", "//v1//accounts", "/v1/%61ccounts"])
async def test_odd_spelling_of_a_path_does_not_open_it(
    anonymous: httpx.AsyncClient, backend: Backend, path: str
) -> None:
    request = anonymous.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    response = await anonymous.send(request)
    assert response.status_code in (400, 401, 404)
    assert backend.calls == []


async def test_encoded_slash_in_a_path_is_refused(trader: httpx.AsyncClient, backend: Backend) -> None:
    response = await trader.get("/v1/accounts/a%2Forders")
    assert response.status_code == 400
    assert backend.calls == []


async def test_every_answer_has_a_request_id(trader: httpx.AsyncClient, anonymous: httpx.AsyncClient) -> None:
    answers = [
        await trader.get("/v1/time"),
        await trader.get("/v1/instruments/NOPE"),
        await trader.get("/v1/nothing"),
        await anonymous.get("/v1/accounts"),
        await anonymous.get("/healthz"),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(answers)
    assert answers[3].json()["details"][0]["metadata"]["request_id"] == ids[3]


async def test_service_gets_the_request_id_the_token_and_a_deadline(
    trader: httpx.AsyncClient, backend: Backend
) -> None:
    response = await trader.get("/v1/accounts")
    call = backend.last()
    assert call.metadata["x-request-id"] == response.headers["x-request-id"]
    assert call.metadata["authorization"] == trader.headers["authorization"]
    assert call.deadline_s is not None
    assert 4 < call.deadline_s <= 5


async def test_deadline_of_the_caller_stands(trader: httpx.AsyncClient, backend: Backend) -> None:
    assert (await trader.get("/v1/accounts", headers={"grpc-timeout": "3S"})).status_code == 200
    deadline_s = backend.last().deadline_s
    assert deadline_s is not None
    assert 2 < deadline_s <= 3


async def test_headers_that_only_the_mesh_may_set_are_taken_away(trader: httpx.AsyncClient, backend: Backend) -> None:
    forged = {
        "x-tradeloom-user": "somebody",
        "x-forwarded-client-cert": "URI=spiffe://cluster.local/ns/trading/sa/oms",
        "x-envoy-retry-on": "5xx",
        "x-envoy-max-retries": "9",
        "x-envoy-original-path": "/v1/time",
    }
    assert (await trader.get("/v1/accounts", headers=forged)).status_code == 200
    seen = backend.last().metadata
    assert not {"x-tradeloom-user", "x-forwarded-client-cert", "x-envoy-retry-on", "x-envoy-max-retries"} & set(seen)
    assert seen.get("x-envoy-original-path") == "/v1/accounts"


async def test_reads_are_retried_and_orders_are_not(trader: httpx.AsyncClient, backend: Backend) -> None:
    read = await trader.get(f"/v1/accounts/{DOWN}")
    assert reason(read) == (503, "UNAVAILABLE")
    assert backend.count("GetAccount") == 3
    headers = {"x-envoy-retry-on": "unavailable", "x-envoy-retry-grpc-on": "unavailable"}
    order = await trader.post(f"/v1/accounts/{DOWN}/orders", json=ORDER, headers=headers)
    assert reason(order) == (503, "OUTCOME_UNKNOWN")
    assert backend.count("SubmitOrder") == 1


async def test_calls_above_the_rate_are_refused(narrow_gateway: Gateway, issuer: Issuer) -> None:
    async with httpx.AsyncClient(base_url=narrow_gateway.url, headers=bearer(issuer.token())) as client:
        answers = await asyncio.gather(*(client.get("/v1/accounts") for _ in range(20)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert any(answer.status_code == 200 for answer in answers)
    assert reason(refused[0]) == (429, "RATE_LIMITED")
    assert refused[0].headers["retry-after"] == "1"


async def test_websocket_upgrade_is_refused(trader: httpx.AsyncClient, backend: Backend) -> None:
    upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    for path in ("/v1/stream", "/v1/accounts"):
        response = await trader.get(path, headers={**upgrade, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="})
        assert response.status_code == 403
    assert backend.calls == []


async def test_headers_above_the_limit_are_refused(trader: httpx.AsyncClient, backend: Backend) -> None:
    assert (await trader.get("/v1/accounts", headers={"x-long": "x" * 9000})).status_code == 431
    assert backend.calls == []


async def test_preflight_from_an_allowed_page_is_answered(anonymous: httpx.AsyncClient, backend: Backend) -> None:
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    response = await anonymous.options(f"/v1/accounts/{ACCOUNT}/orders", headers={"origin": ORIGIN, **wanted})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in response.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in response.headers
    assert backend.calls == []


async def test_page_of_another_origin_gets_no_permission(anonymous: httpx.AsyncClient) -> None:
    wanted = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    preflight = await anonymous.options(f"/v1/accounts/{ACCOUNT}/orders", headers=wanted)
    simple = await anonymous.get("/v1/time", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in {**preflight.headers, **simple.headers}


async def test_refusal_can_be_read_by_an_allowed_page(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/v1/accounts", headers={"origin": ORIGIN})
    assert reason(response) == (401, "TOKEN_MISSING")
    assert response.headers["access-control-allow-origin"] == ORIGIN


async def test_access_log_names_the_caller_and_holds_no_secret(
    trader: httpx.AsyncClient, gateway: Gateway, settings: GatewaySettings
) -> None:
    response = await trader.get("/v1/quotes", params={"symbols": "EURUSD"})
    line = await _logged(settings, gateway, response.headers["x-request-id"])
    assert (line["path"], line["rpc"]) == ("/v1/quotes", "/tradeloom.client.v1.MarketService/GetQuotes")
    assert (line["status"], line["user_id"], line["attempts"]) == (200, USER_ID, 1)
    assert "EURUSD" not in json.dumps(line)
    assert trader.headers["authorization"].split(".")[-1] not in json.dumps(line)


async def _logged(settings: GatewaySettings, gateway: Gateway, request_id: str) -> dict[str, Any]:
    assert settings.access_log is not None
    async with asyncio.timeout(15), httpx.AsyncClient() as client:
        while True:
            await client.post(f"http://{gateway.admin}/reopen_logs")  # flushes what Envoy still holds
            for text in settings.access_log.read_text().splitlines():
                if request_id in text:
                    return json.loads(text)  # type: ignore[no-any-return]
            await asyncio.sleep(0.05)
