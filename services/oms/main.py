"""The order service put together."""

import asyncio
import gc
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
from tradeloom.bbook.v1.execution_service_pb2_grpc import ExecutionServiceStub
from tradeloom.lp_manager.v1.quote_service_pb2 import WatchQuotesRequest
from tradeloom.lp_manager.v1.quote_service_pb2_grpc import QuoteServiceStub
from tradeloom.reference.v1.reference_service_pb2_grpc import ReferenceServiceStub
from tradeloom.router.v1.router_service_pb2_grpc import RouterServiceStub

from services.kernel import clock
from services.kernel.ids import new_id
from services.kit import postgres
from services.kit.bus import connect_bus
from services.kit.channel import channel
from services.kit.config import load
from services.kit.follow import follow
from services.kit.mux import BatchCaller
from services.kit.outbox import Relay
from services.kit.server import serve
from services.oms.api import CommandService, QueryService
from services.oms.clients.market import LiveMarket
from services.oms.clients.quotes import QuoteTable
from services.oms.clients.reference import TermsClient
from services.oms.clients.venue import GrpcVenue
from services.oms.config import OmsConfig
from services.oms.convert.journal import ContractRecord
from services.oms.handlers.batch import BatchRunner
from services.oms.handlers.cache import AggregateCache
from services.oms.handlers.pipeline import Limits, Pipeline
from services.oms.handlers.queries import Queries
from services.oms.store.books import PostgresBooks
from services.oms.store.desk import Desk
from services.oms.store.reader import PostgresReader

SCHEMA = "oms"
VENUE_TIMEOUT_S = 0.4
# Quotes are for margin and conversion here; the book that fills has its own, newer ones.
PACE_MS = 20
# The writers have their own, so that no reader keeps an order waiting.
READER_CONNECTIONS = 4
RELAY_CONNECTIONS = 2
# A collection of the oldest generation looks at all that the caches hold, for tens of milliseconds in which no order
# moves. They hold no cycles: nothing is lost by looking there a hundred times less often than by default.
OLDEST_THRESHOLD = 1_000


async def main() -> None:
    """Runs the service until it is told to stop."""
    config = load(OmsConfig, "oms")
    gc.set_threshold(*gc.get_threshold()[:2], OLDEST_THRESHOLD)
    if config.postgres_owner_url:
        await postgres.migrate(config.postgres_owner_url, SCHEMA, Path(__file__).parent / "sql")
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            postgres.pool(config.postgres_url, schema=SCHEMA, max_size=RELAY_CONNECTIONS)
        )
        books = PostgresBooks(await _desk(config, stack, config.writers + 1))
        reader = PostgresReader(await _desk(config, stack, READER_CONNECTIONS))
        bus = await stack.enter_async_context(connect_bus(config.bus_url))
        relay = Relay(pool, bus)
        market = await _market(config, stack)
        cache = AggregateCache(config.cache_accounts)
        runner = BatchRunner(
            books=books,
            venue=await _venue(config, stack),
            market=market,
            recorder=ContractRecord,
            cache=cache,
            now=clock.utc_now,
            new_id=new_id,
            committed=relay.wake,
        )
        pipeline = await stack.enter_async_context(Pipeline(runner, _limits(config), clock.monotonic))
        queries = Queries(reader, market, cache, clock.utc_now)
        services = [CommandService(pipeline.submit).register, QueryService(queries).register]
        background = [pipeline.watch, relay.run, market.reference.refresh]
        await serve(config, "oms", services, background=background)


async def _desk(config: OmsConfig, stack: AsyncExitStack, connections: int) -> Desk:
    pool = await stack.enter_async_context(postgres.pool(config.postgres_url, schema=SCHEMA, max_size=connections))
    desk = Desk(pool)
    stack.push_async_callback(desk.close)
    return desk


async def _market(config: OmsConfig, stack: AsyncExitStack) -> LiveMarket:
    reference = TermsClient(ReferenceServiceStub(await _channel(config.reference_address, stack)))
    quotes = QuoteTable(clock.monotonic)
    stub = QuoteServiceStub(await _channel(config.lp_manager_address, stack))
    # Not a background of the server: it goes on while the server drains.
    following = asyncio.create_task(
        follow(
            lambda: stub.WatchQuotes(WatchQuotesRequest(pace_ms=PACE_MS)),
            quotes.receive,
            name="quotes",
            on_lost=quotes.lose,
        )
    )
    stack.callback(following.cancel)
    await reference.load_until_there()
    return LiveMarket(quotes, reference)


async def _venue(config: OmsConfig, stack: AsyncExitStack) -> GrpcVenue:
    router = RouterServiceStub(await _channel(config.router_address, stack))
    bbook = ExecutionServiceStub(await _channel(config.bbook_address, stack))
    return GrpcVenue(
        await stack.enter_async_context(BatchCaller(lambda: router.RouteBatch(None), VENUE_TIMEOUT_S)),
        await stack.enter_async_context(BatchCaller(lambda: bbook.ExecuteBatch(None), VENUE_TIMEOUT_S)),
    )


async def _channel(address: str, stack: AsyncExitStack) -> grpc.aio.Channel:
    return await stack.enter_async_context(channel(address))


def _limits(config: OmsConfig) -> Limits:
    return Limits(
        writers=config.writers,
        batch_max=config.batch_max,
        queue_max=config.queue_max,
        queue_age_s_max=config.queue_age_s_max,
        command_age_s_max=config.command_age_s_max,
    )
