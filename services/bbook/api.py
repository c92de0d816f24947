"""gRPC in."""

from collections.abc import AsyncIterator, Callable

import grpc
from tradeloom.bbook.v1 import execution_service_pb2 as pb
from tradeloom.bbook.v1 import execution_service_pb2_grpc as rpc

from services.bbook.convert import result_to_pb, side_from_pb
from services.bbook.handlers import House
from services.kernel.clock import Now
from services.kernel.errors import EngineError, Kind
from services.kit.mux import answer_batches

ITEMS_MAX = 1024


class ExecutionService(rpc.ExecutionServiceServicer):
    """Answers `tradeloom.bbook.v1.ExecutionService`."""

    def __init__(self, house: House, now: Now, now_us: Callable[[], int]) -> None:
        self._house = house
        self._now = now
        self._now_us = now_us

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_ExecutionServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["ExecutionService"].full_name

    async def ExecuteBatch(
        self, request_iterator: AsyncIterator[pb.ExecuteBatchRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.ExecuteBatchResponse]:
        """Answers each batch in turn."""
        async for response in answer_batches(request_iterator, self._execute):
            yield response

    def _execute(self, request: pb.ExecuteBatchRequest) -> pb.ExecuteBatchResponse:
        # The contract's rules are not checked on streams: validating every message would cost more than answering it.
        if len(request.items) > ITEMS_MAX:
            raise EngineError(Kind.INVALID, "FIELD_INVALID", f"items must be at most {ITEMS_MAX}", field="items")
        at, now_us = self._now(), self._now_us()
        return pb.ExecuteBatchResponse(
            items=[
                result_to_pb(order.order_id, self._house.execute(order.symbol, side_from_pb(order), now_us), at)
                for order in request.items
            ]
        )
