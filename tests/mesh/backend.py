"""A client_api with canned answers: what stands behind the gateway in these tests."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from tradeloom.client.v1 import (
    account_service_pb2,
    account_service_pb2_grpc,
    auth_service_pb2,
    auth_service_pb2_grpc,
    market_pb2,
    market_service_pb2,
    market_service_pb2_grpc,
    order_service_pb2,
    order_service_pb2_grpc,
    stream_service_pb2,
    stream_service_pb2_grpc,
    trading_pb2,
)

DOWN = "ffffffff-0000-7000-8000-000000000000"  # an account whose every call fails with UNAVAILABLE


@dataclass
class Call:
    """One call that reached the backend."""

    method: str
    metadata: dict[str, str]
    deadline_s: float | None


@dataclass
class Backend:
    """What arrived, and the lever that lets a stream of quotes go on.

    A call counts in `calls` from its headers on, an order in `orders` once its message was whole and handled.
    """

    calls: list[Call] = field(default_factory=list)
    orders: list[Any] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, method: str) -> int:
        return sum(call.method.endswith(f"/{method}") for call in self.calls)

    def last(self) -> Call:
        return self.calls[-1]


class Recorder(grpc.aio.ServerInterceptor):
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def intercept_service(self, continuation: Any, details: grpc.HandlerCallDetails) -> Any:
        metadata = {key: value for key, value in details.invocation_metadata if isinstance(value, str)}
        self._backend.calls.append(Call(details.method, metadata, None))
        return await continuation(details)


async def fail(context: grpc.aio.ServicerContext, code: int, reason: str, message: str, **metadata: str) -> None:
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="tradeloom", metadata=metadata))
    await context.abort_with_status(
        rpc_status.to_status(status_pb2.Status(code=code, message=message, details=[detail]))
    )


class Auth(auth_service_pb2_grpc.AuthServiceServicer):
    async def Login(self, request: Any, context: Any) -> Any:
        if request.password != "right":
            await fail(context, code_pb2.UNAUTHENTICATED, "CREDENTIALS_INVALID", "the name or the password is wrong")
        return auth_service_pb2.LoginResponse(tokens=auth_service_pb2.Tokens(access_token="a", refresh_token="r"))

    async def RefreshSession(self, request: Any, context: Any) -> Any:
        return auth_service_pb2.RefreshSessionResponse(tokens=auth_service_pb2.Tokens(refresh_token="r2"))

    async def Logout(self, request: Any, context: Any) -> Any:
        return auth_service_pb2.LogoutResponse()


class Market(market_service_pb2_grpc.MarketServiceServicer):
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def GetServerTime(self, request: Any, context: Any) -> Any:
        return market_service_pb2.GetServerTimeResponse(time=Timestamp(seconds=1_700_000_000))

    async def GetInstrument(self, request: Any, context: Any) -> Any:
        if request.symbol != "EURUSD":
            message = f"{request.symbol} is not traded here"
            await fail(context, code_pb2.NOT_FOUND, "SYMBOL_UNKNOWN", message, symbol=request.symbol)
        return market_service_pb2.GetInstrumentResponse(instrument=market_pb2.Instrument(symbol=request.symbol))

    async def ListInstruments(self, request: Any, context: Any) -> Any:
        instrument = market_pb2.Instrument(symbol="EURUSD", description="x" * 200)
        return market_service_pb2.ListInstrumentsResponse(instruments=[instrument] * (request.limit or 100))

    async def GetQuotes(self, request: Any, context: Any) -> Any:
        return market_service_pb2.GetQuotesResponse(quotes=[_quote(symbol, 1) for symbol in request.symbols])

    async def WatchQuotes(self, request: Any, context: Any) -> AsyncIterator[Any]:
        yield market_service_pb2.WatchQuotesResponse(quotes=[_quote(symbol, 1) for symbol in request.symbols])
        await self._backend.go_on.wait()
        yield market_service_pb2.WatchQuotesResponse(quotes=[_quote(symbol, 2) for symbol in request.symbols])


class Orders(order_service_pb2_grpc.OrderServiceServicer):
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def SubmitOrder(self, request: Any, context: Any) -> Any:
        self._backend.orders.append(request)
        if request.account_id == DOWN:
            await fail(context, code_pb2.UNAVAILABLE, "OUTCOME_UNKNOWN", "the order service is away")
        return order_service_pb2.SubmitOrderResponse(order=_order(request))

    async def ClosePosition(self, request: Any, context: Any) -> Any:
        order = trading_pb2.Order(
            account_id=request.account_id,
            position_id=request.position_id,
            client_order_id=request.client_order_id,
            quantity=request.quantity if request.HasField("quantity") else "all",
        )
        return order_service_pb2.ClosePositionResponse(order=order)

    async def ExchangeOrders(self, request_iterator: Any, context: Any) -> AsyncIterator[Any]:
        async for request in request_iterator:
            results = [
                order_service_pb2.ExchangeResult(
                    id=item.id, submitted=order_service_pb2.SubmitOrderResponse(order=_order(item.submit_order))
                )
                for item in request.items
            ]
            yield order_service_pb2.ExchangeOrdersResponse(items=results)

    async def GetOrderByClientId(self, request: Any, context: Any) -> Any:
        order = trading_pb2.Order(account_id=request.account_id, client_order_id=request.client_order_id)
        return order_service_pb2.GetOrderByClientIdResponse(order=order)


class Accounts(account_service_pb2_grpc.AccountServiceServicer):
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def ListAccounts(self, request: Any, context: Any) -> Any:
        self._backend.last().deadline_s = context.time_remaining()
        return account_service_pb2.ListAccountsResponse(accounts=[trading_pb2.Account(number="D-1001")])

    async def GetAccount(self, request: Any, context: Any) -> Any:
        if request.account_id == DOWN:
            await fail(context, code_pb2.UNAVAILABLE, "UNAVAILABLE", "the order service is away")
        return account_service_pb2.GetAccountResponse(account=trading_pb2.Account(account_id=request.account_id))

    async def ListChanges(self, request: Any, context: Any) -> Any:
        return account_service_pb2.ListChangesResponse(last_sequence=request.since_sequence)


class Streams(stream_service_pb2_grpc.StreamServiceServicer):
    async def CreateStreamTicket(self, request: Any, context: Any) -> Any:
        return stream_service_pb2.CreateStreamTicketResponse(ticket="t-1")


def server(backend: Backend) -> grpc.aio.Server:
    """The server, not started."""
    made = grpc.aio.server(interceptors=[Recorder(backend)])
    auth_service_pb2_grpc.add_AuthServiceServicer_to_server(Auth(), made)
    market_service_pb2_grpc.add_MarketServiceServicer_to_server(Market(backend), made)
    order_service_pb2_grpc.add_OrderServiceServicer_to_server(Orders(backend), made)
    account_service_pb2_grpc.add_AccountServiceServicer_to_server(Accounts(backend), made)
    stream_service_pb2_grpc.add_StreamServiceServicer_to_server(Streams(), made)
    return made


def _quote(symbol: str, number: int) -> Any:
    return market_pb2.Quote(symbol=symbol, bid="1.10000", ask="1.10010", quote_id=str(number))


def _order(request: Any) -> Any:
    return trading_pb2.Order(
        account_id=request.account_id,
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        state=trading_pb2.ORDER_STATE_FILLED,
    )
