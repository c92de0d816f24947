"""gRPC in."""

from collections.abc import AsyncIterator

import grpc
from tradeloom.router.v1 import router_service_pb2 as pb
from tradeloom.router.v1 import router_service_pb2_grpc as rpc

from services.kernel.errors import EngineError, Kind
from services.kit.mux import answer_batches
from services.router.convert import decision_to_pb, rule_to_pb, subject_from_pb
from services.router.handlers import Routing

ITEMS_MAX = 1024


class RouterService(rpc.RouterServiceServicer):
    """Answers `tradeloom.router.v1.RouterService`."""

    def __init__(self, routing: Routing) -> None:
        self._routing = routing

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_RouterServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["RouterService"].full_name

    async def RouteBatch(
        self, request_iterator: AsyncIterator[pb.RouteBatchRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.RouteBatchResponse]:
        """Answers each batch in turn."""
        async for response in answer_batches(request_iterator, self._route):
            yield response

    async def ListRules(self, request: pb.ListRulesRequest, context: grpc.aio.ServicerContext) -> pb.ListRulesResponse:
        """The rules in force."""
        return pb.ListRulesResponse(rules=[rule_to_pb(rule) for rule in self._routing.rules])

    def _route(self, request: pb.RouteBatchRequest) -> pb.RouteBatchResponse:
        # The contract's rules are not checked on streams: validating every message would cost more than answering it.
        if len(request.items) > ITEMS_MAX:
            raise EngineError(Kind.INVALID, "FIELD_INVALID", f"items must be at most {ITEMS_MAX}", field="items")
        decide = self._routing.decide
        return pb.RouteBatchResponse(
            items=[decision_to_pb(order.order_id, decide(subject_from_pb(order))) for order in request.items]
        )
