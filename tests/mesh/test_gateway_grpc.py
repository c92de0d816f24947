import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from tradeloom.client.v1 import (
    account_service_pb2,
    account_service_pb2_grpc,
    auth_service_pb2,
    auth_service_pb2_grpc,
    market_service_pb2,
    market_service_pb2_grpc,
    order_service_pb2,
    order_service_pb2_grpc,
    trading_pb2,
)
from tradeloom.oms.v1 import query_service_pb2, query_service_pb2_grpc

from tests.mesh.backend import DOWN, Backend
from tests.mesh.envoy_process import Gateway
from tests.mesh.tokens import Issuer

ACCOUNT = "018f4a00-0000-7000-8000-000000001001"


def order(number: int = 1, account_id: str = ACCOUNT) -> order_service_pb2.SubmitOrderRequest:
    return order_service_pb2.SubmitOrderRequest(
        account_id=account_id,
        client_order_id=f"c-{number}",
        symbol="EURUSD",
        side=trading_pb2.SIDE_BUY,
        type=trading_pb2.ORDER_TYPE_MARKET,
        quantity="0.10",
    )


def metadata(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


async def refusal(call: grpc.aio.Call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def reason(failure: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str]:
    """The code, and the reason of the `ErrorInfo` in the details, which must fit the code and the message."""
    status, info = rpc_status.from_call(failure), error_details_pb2.ErrorInfo()  # type: ignore[arg-type]
    assert status is not None
    assert status.details[0].Unpack(info)
    return failure.code(), info.reason


async def test_unary_call_passes(channel: grpc.aio.Channel, issuer: Issuer, backend: Backend) -> None:
    stub = order_service_pb2_grpc.OrderServiceStub(channel)
    response = await stub.SubmitOrder(order(), metadata=metadata(issuer.token()))
    assert response.order.client_order_id == "c-1"
    assert backend.last().metadata["authorization"].startswith("Bearer ")


async def test_public_method_needs_no_token(channel: grpc.aio.Channel) -> None:
    stub = auth_service_pb2_grpc.AuthServiceStub(channel)
    response = await stub.Login(auth_service_pb2.LoginRequest(username="u", password="right"))
    assert response.tokens.access_token == "a"


async def test_error_details_pass_unchanged(channel: grpc.aio.Channel) -> None:
    stub = auth_service_pb2_grpc.AuthServiceStub(channel)
    failure = await refusal(stub.Login(auth_service_pb2.LoginRequest(username="u", password="wrong")))
    status = rpc_status.from_call(failure)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (failure.code(), info.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")


async def test_quotes_stream_as_they_come(channel: grpc.aio.Channel, issuer: Issuer, backend: Backend) -> None:
    stub = market_service_pb2_grpc.MarketServiceStub(channel)
    request = market_service_pb2.WatchQuotesRequest(symbols=["EURUSD"])
    call = stub.WatchQuotes(request, metadata=metadata(issuer.token()))
    first = await call.read()  # the second is not sent before this one was read
    backend.go_on.set()
    second = await call.read()
    assert [first.quotes[0].quote_id, second.quotes[0].quote_id] == ["1", "2"]
    assert await call.read() is grpc.aio.EOF


async def test_orders_are_exchanged_over_one_stream(
    channel: grpc.aio.Channel, issuer: Issuer, backend: Backend
) -> None:
    stub = order_service_pb2_grpc.OrderServiceStub(channel)
    call = stub.ExchangeOrders(metadata=metadata(issuer.token()))
    for number in range(1, 4):
        item = order_service_pb2.ExchangeItem(id=number, submit_order=order(number))
        await call.write(order_service_pb2.ExchangeOrdersRequest(items=[item]))
        answer = (await call.read()).items[0]
        assert (answer.id, answer.submitted.order.client_order_id) == (number, f"c-{number}")
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF
    assert "grpc-timeout" not in backend.last().metadata


async def test_large_message_passes_on_a_stream(channel: grpc.aio.Channel, issuer: Issuer) -> None:
    async def requests() -> AsyncIterator[order_service_pb2.ExchangeOrdersRequest]:
        items = [order_service_pb2.ExchangeItem(id=n, submit_order=order(n)) for n in range(1, 1001)]
        yield order_service_pb2.ExchangeOrdersRequest(items=items)

    stub = order_service_pb2_grpc.OrderServiceStub(channel)
    call = stub.ExchangeOrders(requests(), metadata=metadata(issuer.token()))
    assert [item.id for item in (await call.read()).items] == list(range(1, 1001))


async def test_call_without_a_token_is_unauthenticated(channel: grpc.aio.Channel, backend: Backend) -> None:
    stub = account_service_pb2_grpc.AccountServiceStub(channel)
    failure = await refusal(stub.ListAccounts(account_service_pb2.ListAccountsRequest()))
    assert reason(failure) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")
    assert backend.calls == []


async def test_call_with_a_wrong_token_is_unauthenticated(channel: grpc.aio.Channel, issuer: Issuer) -> None:
    stub = account_service_pb2_grpc.AccountServiceStub(channel)
    request = account_service_pb2.ListAccountsRequest()
    expired = await refusal(stub.ListAccounts(request, metadata=metadata(issuer.token(expires_in_s=-60))))
    assert reason(expired) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")
    for wrong in (issuer.token(aud="stream"), issuer.unsigned(), Issuer(kid=issuer.kid).token(), "rubbish"):
        failure = await refusal(stub.ListAccounts(request, metadata=metadata(wrong)))
        assert reason(failure) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")


async def test_stream_without_a_token_is_unauthenticated(channel: grpc.aio.Channel, backend: Backend) -> None:
    call = order_service_pb2_grpc.OrderServiceStub(channel).ExchangeOrders()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert backend.calls == []


async def test_viewer_reads_and_does_not_trade(channel: grpc.aio.Channel, issuer: Issuer, backend: Backend) -> None:
    viewer = metadata(issuer.token(roles=["viewer"]))
    accounts = account_service_pb2_grpc.AccountServiceStub(channel)
    assert await accounts.ListAccounts(account_service_pb2.ListAccountsRequest(), metadata=viewer)
    orders = order_service_pb2_grpc.OrderServiceStub(channel)
    failure = await refusal(orders.SubmitOrder(order(), metadata=viewer))
    assert failure.code() == grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await orders.ExchangeOrders(metadata=viewer).read()
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert [call.method.rpartition("/")[2] for call in backend.calls] == ["ListAccounts"]


async def test_internal_service_is_unimplemented(channel: grpc.aio.Channel, issuer: Issuer, backend: Backend) -> None:
    stub = query_service_pb2_grpc.QueryServiceStub(channel)
    request = query_service_pb2.GetAccountRequest(account_id=ACCOUNT)
    failure = await refusal(stub.GetAccount(request, metadata=metadata(issuer.token())))
    assert failure.code() == grpc.StatusCode.UNIMPLEMENTED
    assert backend.calls == []


async def test_method_that_does_not_exist_is_unimplemented(
    channel: grpc.aio.Channel, issuer: Issuer, backend: Backend
) -> None:
    unknown = channel.unary_unary("/tradeloom.client.v1.OrderService/CancelEverything")
    failure = await refusal(unknown(b"", metadata=metadata(issuer.token())))
    assert failure.code() == grpc.StatusCode.UNIMPLEMENTED
    assert backend.calls == []


async def test_order_whose_outcome_is_unknown_is_sent_once(
    channel: grpc.aio.Channel, issuer: Issuer, backend: Backend
) -> None:
    stub = order_service_pb2_grpc.OrderServiceStub(channel)
    retry = (*metadata(issuer.token()), ("x-envoy-retry-grpc-on", "unavailable"), ("x-envoy-max-retries", "5"))
    failure = await refusal(stub.SubmitOrder(order(account_id=DOWN), metadata=retry))
    assert failure.code() == grpc.StatusCode.UNAVAILABLE
    assert backend.count("SubmitOrder") == 1


async def test_calls_above_the_rate_are_resource_exhausted(narrow_gateway: Gateway, issuer: Issuer) -> None:
    async with grpc.aio.insecure_channel(narrow_gateway.address) as channel:
        stub = account_service_pb2_grpc.AccountServiceStub(channel)
        request, token = account_service_pb2.ListAccountsRequest(), metadata(issuer.token())
        calls = [stub.ListAccounts(request, metadata=token) for _ in range(20)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
    codes = {answer.code() for answer in answers if isinstance(answer, grpc.aio.AioRpcError)}
    assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert any(isinstance(answer, account_service_pb2.ListAccountsResponse) for answer in answers)
