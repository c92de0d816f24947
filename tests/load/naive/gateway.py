"""The API as a team would write it first: FastAPI, models in and out, a unary gRPC call behind."""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import order_service_pb2_grpc as rpc
from tradeloom.client.v1 import trading_pb2


class NewOrder(BaseModel):
    """What a client sends."""

    client_order_id: str
    symbol: str
    side: str
    type: str
    quantity: str


class Order(BaseModel):
    """What a client gets."""

    order_id: str
    account_id: str
    client_order_id: str
    symbol: str
    side: str
    quantity: str
    filled_quantity: str
    average_price: str
    state: str


class Answer(BaseModel):
    """As the real API answers."""

    order: Order


def api(orders_address: str) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with grpc.aio.insecure_channel(orders_address) as channel:
            app.state.orders = rpc.OrderServiceStub(channel)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/accounts/{account_id}/orders", response_model=Answer)
    async def submit(account_id: str, new: NewOrder, request: Request) -> Answer:
        answer = await request.app.state.orders.SubmitOrder(
            pb.SubmitOrderRequest(account_id=account_id, **new.model_dump())
        )
        order = answer.order
        return Answer(
            order=Order(
                order_id=order.order_id,
                account_id=order.account_id,
                client_order_id=order.client_order_id,
                symbol=order.symbol,
                side=trading_pb2.Side.Name(order.side),
                quantity=order.quantity,
                filled_quantity=order.filled_quantity,
                average_price=order.average_price,
                state=trading_pb2.OrderState.Name(order.state),
            )
        )

    return app


def main(orders_address: str) -> None:
    """Serves on a port of its own and says which."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    config = uvicorn.Config(api(orders_address), loop="uvloop", log_level="error", access_log=False)
    print(f"http://127.0.0.1:{listener.getsockname()[1]} {config.http}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.load.naive.gateway ORDERS_ADDRESS")
    main(sys.argv[1])
