"""The order service as a team would write it first: a unary call, a pool, a transaction of six statements."""

import asyncio
import sys
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import asyncpg
import grpc
import uvloop
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import order_service_pb2_grpc as rpc
from tradeloom.client.v1 import trading_pb2

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

POOL = 16
SCHEMA = """
CREATE TABLE account (id uuid PRIMARY KEY, balance numeric NOT NULL);
CREATE TABLE orders (
    id uuid PRIMARY KEY, account_id uuid NOT NULL, client_order_id text NOT NULL, symbol text NOT NULL,
    side smallint NOT NULL, quantity numeric NOT NULL, price numeric NOT NULL, state smallint NOT NULL,
    created timestamptz NOT NULL DEFAULT now(), UNIQUE (account_id, client_order_id)
);
CREATE TABLE fill (order_id uuid NOT NULL, quantity numeric NOT NULL, price numeric NOT NULL);
CREATE TABLE position (
    account_id uuid NOT NULL, symbol text NOT NULL, quantity numeric NOT NULL, PRIMARY KEY (account_id, symbol)
);
CREATE TABLE ledger (id bigserial PRIMARY KEY, account_id uuid NOT NULL, order_id uuid NOT NULL, amount numeric);
CREATE TABLE outbox (id bigserial PRIMARY KEY, payload text NOT NULL);
"""
_PRICE = "1.08341"


class Orders(rpc.OrderServiceServicer):  # type: ignore[misc]
    """SubmitOrder, and nothing else."""

    def __init__(self, pool: "asyncpg.Pool") -> None:
        self._pool = pool

    async def SubmitOrder(self, request: pb.SubmitOrderRequest, _: object) -> pb.SubmitOrderResponse:
        """Checks nothing, records everything."""
        account_id = UUID(request.account_id)
        order_id = uuid5(account_id, request.client_order_id)
        signed = f"{'' if request.side == trading_pb2.SIDE_BUY else '-'}{request.quantity}"
        async with self._pool.acquire() as connection, connection.transaction():
            await self._record(connection, account_id, order_id, request, signed)
        order = trading_pb2.Order(
            order_id=str(order_id),
            account_id=request.account_id,
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            quantity=request.quantity,
            filled_quantity=request.quantity,
            average_price=_PRICE,
            state=trading_pb2.ORDER_STATE_FILLED,
        )
        return pb.SubmitOrderResponse(order=order)

    async def _record(
        self,
        connection: "PoolConnectionProxy[Record]",
        account_id: UUID,
        order_id: UUID,
        request: pb.SubmitOrderRequest,
        signed: str,
    ) -> None:
        await connection.execute(
            "INSERT INTO account VALUES ($1, 0) ON CONFLICT (id) DO UPDATE SET balance = account.balance - 0.07",
            account_id,
        )
        await connection.execute(
            "INSERT INTO orders (id, account_id, client_order_id, symbol, side, quantity, price, state)"
            " VALUES ($1, $2, $3, $4, $5, $6::text::numeric, $7::text::numeric, 2)",
            order_id,
            account_id,
            request.client_order_id,
            request.symbol,
            request.side,
            request.quantity,
            _PRICE,
        )
        await connection.execute(
            "INSERT INTO fill VALUES ($1, $2::text::numeric, $3::text::numeric)", order_id, request.quantity, _PRICE
        )
        await connection.execute(
            "INSERT INTO position VALUES ($1, $2, $3::text::numeric)"
            " ON CONFLICT (account_id, symbol) DO UPDATE SET quantity = position.quantity + EXCLUDED.quantity",
            account_id,
            request.symbol,
            signed,
        )
        await connection.execute(
            "INSERT INTO ledger (account_id, order_id, amount) VALUES ($1, $2, -0.07)", account_id, order_id
        )
        await connection.execute("INSERT INTO outbox (payload) VALUES ($1)", request.SerializeToString().hex())


async def main(url: str) -> None:
    """Serves on a port of its own and says which."""
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:
        await pool.execute(SCHEMA)
        server = grpc.aio.server()
        rpc.add_OrderServiceServicer_to_server(Orders(pool), server)  # type: ignore[abstract]
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(f"127.0.0.1:{port}", flush=True)
        await server.wait_for_termination()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.load.naive.orders POSTGRES_URL")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1]))
