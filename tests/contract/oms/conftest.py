"""The order service over real gRPC on unix sockets: its peers are fakes behind sockets, its books are in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from tradeloom.bbook.v1.execution_service_pb2_grpc import ExecutionServiceStub
from tradeloom.client.v1 import trading_pb2 as client_pb
from tradeloom.lp_manager.v1.quote_service_pb2 import WatchQuotesRequest
from tradeloom.lp_manager.v1.quote_service_pb2_grpc import QuoteServiceStub
from tradeloom.oms.v1 import command_service_pb2 as pb
from tradeloom.oms.v1.command_service_pb2_grpc import CommandServiceStub
from tradeloom.oms.v1.query_service_pb2_grpc import QueryServiceStub
from tradeloom.reference.v1.reference_service_pb2_grpc import ReferenceServiceStub
from tradeloom.router.v1.router_service_pb2_grpc import RouterServiceStub

from services.kernel import clock
from services.kernel.ids import new_id
from services.kit.channel import channel
from services.kit.follow import follow
from services.kit.mux import BatchCaller, ItemCaller
from services.oms.api import CommandService, QueryService
from services.oms.clients.market import LiveMarket
from services.oms.clients.quotes import QuoteTable
from services.oms.clients.reference import TermsClient
from services.oms.clients.venue import GrpcVenue
from services.oms.convert.journal import ContractRecord
from services.oms.handlers.batch import BatchRunner
from services.oms.handlers.cache import AggregateCache
from services.oms.handlers.pipeline import Limits, Pipeline
from services.oms.handlers.queries import Queries
from tests.fakes.oms import USER, MemoryBooks, account_id
from tests.fakes.oms_peers import Peers
from tests.fakes.wire import serving


@dataclass
class Service:
    """A running order service and the ends that a test pulls at."""

    commands: Any
    queries: Any
    trading: ItemCaller
    peers: Peers
    books: MemoryBooks
    market: LiveMarket
    pipeline: Pipeline

    async def open(self, number: int = 1, amount: str = "100000", mode: int = 1, currency: str = "USD") -> str:
        """Opens and funds an account; gives its id."""
        key = str(account_id(number))
        await self.commands.OpenAccount(opening(number, position_mode=mode, currency=currency))
        await self.commands.Deposit(pb.DepositRequest(account_id=key, request_id="pay-1", amount=amount))
        return key

    async def submit(self, key: str = "o-1", symbol: str = "EURUSD", **changed: Any) -> pb.CommandResult:
        """Sends an order for account 1."""
        values = {"symbol": symbol, "side": client_pb.SIDE_BUY, "type": client_pb.ORDER_TYPE_MARKET, "quantity": "1"}
        owner = changed.pop("account_id", str(account_id(1)))
        submit = pb.SubmitOrder(**{**values, **changed})
        answer: pb.CommandResult = await self.trading.call(
            pb.Command(account_id=owner, client_order_id=key, submit_order=submit)
        )
        return answer

    async def close(self, key: str, position_id: str, quantity: str | None = None) -> pb.CommandResult:
        """Closes a position of account 1."""
        close = pb.ClosePosition(position_id=position_id)
        if quantity is not None:
            close.quantity = quantity
        answer: pb.CommandResult = await self.trading.call(
            pb.Command(account_id=str(account_id(1)), client_order_id=key, close_position=close)
        )
        return answer


def opening(owner: int = 1, /, **changed: Any) -> pb.OpenAccountRequest:
    """Asks for a test account."""
    values: dict[str, Any] = {
        "account_id": str(account_id(owner)),
        "tenant": "demo",
        "user_id": str(USER),
        "number": f"D-{owner}",
        "currency": "USD",
        "position_mode": client_pb.POSITION_MODE_HEDGING,
        "group": "standard",
    }
    return pb.OpenAccountRequest(**{**values, **changed})


async def until(condition: Callable[[], bool]) -> None:
    """Waits, for a few seconds at most, until the condition holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 -- what is waited for is state, not an event
            await asyncio.sleep(0.005)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """An order service that knows all quotes."""
    peers, books, cache = Peers(), MemoryBooks(), AggregateCache(100)
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serving(tmp_path / "peers.sock", peers.register))
        link = await stack.enter_async_context(channel(address))
        market = await _market(link, stack)
        router, bbook = RouterServiceStub(link), ExecutionServiceStub(link)
        venue = GrpcVenue(
            await stack.enter_async_context(BatchCaller(lambda: router.RouteBatch(None), 5.0)),
            await stack.enter_async_context(BatchCaller(lambda: bbook.ExecuteBatch(None), 5.0)),
        )
        runner = BatchRunner(books, venue, market, ContractRecord, cache, clock.utc_now, new_id, lambda: None)
        pipeline = await stack.enter_async_context(Pipeline(runner, Limits(command_age_s_max=30), clock.monotonic))
        queries = Queries(books, market, cache, clock.utc_now)
        registers = [CommandService(pipeline.submit).register, QueryService(queries).register]
        own = await stack.enter_async_context(serving(tmp_path / "oms.sock", *registers))
        client = await stack.enter_async_context(channel(own, deadline_s=5.0))
        commands = CommandServiceStub(client)
        caller = ItemCaller(lambda: commands.ExecuteCommands(None), pb.ExecuteCommandsRequest, 5.0)
        trading = await stack.enter_async_context(caller)
        yield Service(commands, QueryServiceStub(client), trading, peers, books, market, pipeline)


async def _market(link: grpc.aio.Channel, stack: AsyncExitStack) -> LiveMarket:
    quotes, reference = QuoteTable(clock.monotonic), TermsClient(ReferenceServiceStub(link))
    stub = QuoteServiceStub(link)
    following = asyncio.create_task(
        follow(lambda: stub.WatchQuotes(WatchQuotesRequest()), quotes.receive, name="quotes", on_lost=quotes.lose)
    )
    stack.callback(following.cancel)
    await reference.load_until_there()
    market = LiveMarket(quotes, reference)
    await until(lambda: market.snapshot().fresh("BTCUSD") is not None)
    return market
