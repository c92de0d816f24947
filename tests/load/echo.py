"""A server that does nothing: what an RPC costs before there is any trading in it."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import uvloop
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import trading_pb2

SERVICE = "tradeloom.load.Echo"
UNARY, STREAM = f"/{SERVICE}/Unary", f"/{SERVICE}/Stream"


def answer(request: pb.SubmitOrderRequest) -> pb.SubmitOrderResponse:
    """An answer of the size that a real one has."""
    order = trading_pb2.Order(
        order_id=request.account_id,
        account_id=request.account_id,
        client_order_id=request.client_order_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        filled_quantity=request.quantity,
        average_price="1.08341",
        state=trading_pb2.ORDER_STATE_FILLED,
    )
    return pb.SubmitOrderResponse(order=order)


async def unary(request: pb.SubmitOrderRequest, _: Any) -> pb.SubmitOrderResponse:
    """One call, one answer."""
    return answer(request)


async def stream(requests: AsyncIterator[pb.ExchangeOrdersRequest], _: Any) -> AsyncIterator[pb.ExchangeOrdersResponse]:
    """A batch in, a batch out."""
    async for request in requests:
        items = [pb.ExchangeResult(id=item.id, submitted=answer(item.submit_order)) for item in request.items]
        yield pb.ExchangeOrdersResponse(items=items)


async def start(address: str) -> tuple[grpc.aio.Server, int]:
    """Serves on the address; gives the port."""
    server = grpc.aio.server()
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(
            unary, pb.SubmitOrderRequest.FromString, pb.SubmitOrderResponse.SerializeToString
        ),
        "Stream": grpc.stream_stream_rpc_method_handler(
            stream, pb.ExchangeOrdersRequest.FromString, pb.ExchangeOrdersResponse.SerializeToString
        ),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port(address)
    await server.start()
    return server, port


async def main() -> None:
    """Serves on a port of its own and says which."""
    server, port = await start("127.0.0.1:0")
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(main())
