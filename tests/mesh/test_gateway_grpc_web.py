import base64
import re
import struct
from collections.abc import Callable

import httpx
import pytest
from google.protobuf.message import Message
from tradeloom.client.v1 import (
    account_service_pb2,
    auth_service_pb2,
    market_service_pb2,
    order_service_pb2,
)

from tests.mesh.backend import Backend
from tests.mesh.conftest import ORIGIN
from tests.mesh.tokens import Issuer, bearer

BINARY, TEXT = "application/grpc-web+proto", "application/grpc-web-text+proto"
PACKAGE = "/tradeloom.client.v1"


def body(message: Message, content_type: str) -> bytes:
    raw = message.SerializeToString()
    framed = struct.pack(">BI", 0, len(raw)) + raw
    return base64.b64encode(framed) if content_type == TEXT else framed


def decoded(content: bytes, content_type: str) -> bytes:
    """The frames. The text form is a row of base64 segments, each padded for itself."""
    if content_type == BINARY:
        return content
    return b"".join(base64.b64decode(segment) for segment in re.findall(rb"[^=]+=*", content))


def frames(content: bytes) -> list[tuple[int, bytes]]:
    """The flags and payloads of the whole frames."""
    found = []
    while len(content) >= 5:
        flags, length = struct.unpack(">BI", content[:5])
        if len(content) < 5 + length:
            break
        found.append((flags, content[5 : 5 + length]))
        content = content[5 + length :]
    return found


def trailers(frame: bytes) -> dict[str, str]:
    return dict(line.split(":", 1) for line in frame.decode().strip().split("\r\n"))


async def post(client: httpx.AsyncClient, path: str, message: Message, content_type: str) -> httpx.Response:
    headers = {"content-type": content_type, "accept": content_type, "x-grpc-web": "1", "origin": ORIGIN}
    return await client.post(f"{PACKAGE}.{path}", content=body(message, content_type), headers=headers)


@pytest.mark.parametrize("content_type", [BINARY, TEXT])
async def test_unary_call_passes(trader: httpx.AsyncClient, content_type: str) -> None:
    response = await post(
        trader, "AccountService/ListAccounts", account_service_pb2.ListAccountsRequest(), content_type
    )
    (flags, message), (trailer_flags, trailer) = frames(decoded(response.content, content_type))
    accounts = account_service_pb2.ListAccountsResponse.FromString(message).accounts
    assert (flags, [account.number for account in accounts]) == (0, ["D-1001"])
    assert (trailer_flags, trailers(trailer)["grpc-status"]) == (0x80, "0")
    assert response.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("content_type", [BINARY, TEXT])
async def test_quotes_stream_as_they_come(trader: httpx.AsyncClient, backend: Backend, content_type: str) -> None:
    message = market_service_pb2.WatchQuotesRequest(symbols=["EURUSD"])
    headers = {"content-type": content_type, "accept": content_type, "x-grpc-web": "1"}
    path = f"{PACKAGE}.MarketService/WatchQuotes"
    content = b""
    async with trader.stream("POST", path, content=body(message, content_type), headers=headers) as response:
        assert "content-encoding" not in response.headers
        async for chunk in response.aiter_raw():
            content += chunk
            if frames(decoded(content, content_type)):
                backend.go_on.set()  # the second is not sent before the first was read
    received = frames(decoded(content, content_type))
    quotes = [market_service_pb2.WatchQuotesResponse.FromString(frame) for flags, frame in received if flags == 0]
    assert [quote.quotes[0].quote_id for quote in quotes] == ["1", "2"]
    assert trailers(received[-1][1])["grpc-status"] == "0"


async def test_error_of_a_service_can_be_read_by_a_page(anonymous: httpx.AsyncClient) -> None:
    request = auth_service_pb2.LoginRequest(username="u", password="wrong")
    response = await post(anonymous, "AuthService/Login", request, BINARY)
    assert (response.status_code, response.headers["grpc-status"]) == (200, "16")
    exposed = response.headers["access-control-expose-headers"]
    assert {"grpc-status", "grpc-message", "grpc-status-details-bin"} <= set(exposed.split(", "))


async def test_call_without_a_token_is_refused(anonymous: httpx.AsyncClient, backend: Backend) -> None:
    response = await post(anonymous, "AccountService/ListAccounts", account_service_pb2.ListAccountsRequest(), BINARY)
    assert response.status_code == 401
    assert response.json()["details"][0]["reason"] == "TOKEN_MISSING"
    assert backend.calls == []


# Made when they are needed: a token of the collection has expired when a long run comes to it.
@pytest.mark.parametrize("token", [lambda: "rubbish", Issuer().token], ids=["rubbish", "signed by somebody else"])
async def test_call_with_a_wrong_token_is_refused(
    anonymous: httpx.AsyncClient, backend: Backend, token: Callable[[], str]
) -> None:
    anonymous.headers.update(bearer(token()))
    response = await post(anonymous, "AccountService/ListAccounts", account_service_pb2.ListAccountsRequest(), BINARY)
    assert response.status_code == 401
    assert response.json()["details"][0]["reason"] == "TOKEN_INVALID"
    assert backend.calls == []


@pytest.mark.parametrize("content_type", [BINARY, TEXT])
async def test_viewer_does_not_trade(viewer: httpx.AsyncClient, backend: Backend, content_type: str) -> None:
    response = await post(viewer, "OrderService/SubmitOrder", order_service_pb2.SubmitOrderRequest(), content_type)
    assert response.headers["grpc-status"] == "7"
    assert backend.calls == []
