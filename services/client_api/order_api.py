"""gRPC in: trading, and reading orders and fills."""

from collections.abc import AsyncIterator

import grpc
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import order_service_pb2_grpc as rpc
from tradeloom.oms.v1 import query_service_pb2 as oms_pb
from tradeloom.oms.v1 import query_service_pb2_grpc as oms_rpc

from services.client_api.access import caller
from services.client_api.owners import Owners
from services.client_api.trading import Exchange, Trading
from services.kernel.clock import Now
from services.kernel.errors import EngineError, Kind
from services.kit.mux import answer_items

ITEMS_MAX = 256


class OrderService(rpc.OrderServiceServicer):
    """Answers `tradeloom.client.v1.OrderService` by asking oms."""

    def __init__(self, oms: grpc.aio.Channel, trading: Trading, owners: Owners, now: Now) -> None:
        self._oms = oms_rpc.QueryServiceStub(oms)
        self._trading = trading
        self._owners = owners
        self._now = now

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_OrderServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["OrderService"].full_name

    async def SubmitOrder(
        self, request: pb.SubmitOrderRequest, context: grpc.aio.ServicerContext
    ) -> pb.SubmitOrderResponse:
        """Submits one order."""
        return await self._trading.submit(request, caller())

    async def ClosePosition(
        self, request: pb.ClosePositionRequest, context: grpc.aio.ServicerContext
    ) -> pb.ClosePositionResponse:
        """Closes a position, or a part of it."""
        return await self._trading.close(request, caller())

    async def ExchangeOrders(
        self, request_iterator: AsyncIterator[pb.ExchangeOrdersRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.ExchangeOrdersResponse]:
        """Submits and closes over one stream."""
        exchange = Exchange(self._trading, caller(), self._now)
        async for response in answer_items(_bounded(request_iterator), pb.ExchangeOrdersResponse, exchange.answer):
            yield response

    async def GetOrder(self, request: pb.GetOrderRequest, context: grpc.aio.ServicerContext) -> pb.GetOrderResponse:
        """One order, by its id."""
        await self._owners.check(request.account_id, caller())
        asked = oms_pb.GetOrderRequest(account_id=request.account_id, order_id=request.order_id)
        found = await self._oms.GetOrder(asked)
        return pb.GetOrderResponse(order=found.order, fills=found.fills)

    async def GetOrderByClientId(
        self, request: pb.GetOrderByClientIdRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetOrderByClientIdResponse:
        """One order, by the client's id."""
        await self._owners.check(request.account_id, caller())
        asked = oms_pb.GetOrderRequest(account_id=request.account_id, client_order_id=request.client_order_id)
        found = await self._oms.GetOrder(asked)
        return pb.GetOrderByClientIdResponse(order=found.order, fills=found.fills)

    async def ListOrders(
        self, request: pb.ListOrdersRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListOrdersResponse:
        """A page of orders."""
        await self._owners.check(request.account_id, caller())
        asked = oms_pb.ListOrdersRequest(account_id=request.account_id, limit=request.limit, cursor=request.cursor)
        found = await self._oms.ListOrders(asked)
        return pb.ListOrdersResponse(orders=found.orders, next_cursor=found.next_cursor)

    async def ListFills(self, request: pb.ListFillsRequest, context: grpc.aio.ServicerContext) -> pb.ListFillsResponse:
        """A page of fills."""
        await self._owners.check(request.account_id, caller())
        asked = oms_pb.ListFillsRequest(account_id=request.account_id, limit=request.limit, cursor=request.cursor)
        found = await self._oms.ListFills(asked)
        return pb.ListFillsResponse(fills=found.fills, next_cursor=found.next_cursor)


async def _bounded(
    requests: AsyncIterator[pb.ExchangeOrdersRequest],
) -> AsyncIterator[pb.ExchangeOrdersRequest]:
    # Items are validated one by one, for one bad item must not cost the others; so the list is measured here.
    async for request in requests:
        if len(request.items) > ITEMS_MAX:
            problem = f"must have at most {ITEMS_MAX} items"
            raise EngineError(
                Kind.INVALID, "FIELD_INVALID", f"items: {problem}", violations=(("items", problem),), field="items"
            )
        yield request
