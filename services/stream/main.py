"""Composition root of stream."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from services.kernel.clock import monotonic, utc_now
from services.kit.bus import EventBus, connect_bus
from services.kit.channel import channel
from services.kit.config import load
from services.kit.server import Background, serve
from services.stream.api import StreamService
from services.stream.bus import BusAnnouncements
from services.stream.clients import InstrumentClient, OmsAccounts, QuoteClient, TicketDesk
from services.stream.config import StreamConfig
from services.stream.handlers.accounts import AccountFeed
from services.stream.handlers.connection import Connections, Edge, Patience
from services.stream.handlers.quotes import QuoteFeed
from services.stream.handlers.statistics import Statistics
from services.stream.metrics import export
from services.stream.websocket import WebSocketServer


async def main() -> None:
    """Serves until stopped. Nothing that it calls need be there: what needs it is refused meanwhile."""
    config = load(StreamConfig, "stream")
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(connect_bus(config.bus_url))
        stream = await assemble(stack, config, bus)
        export(stream.statistics, stream.quotes.fanout)
        await stream.websockets.start(config.websocket_address)
        await serve(
            config,
            "stream",
            [StreamService(stream.statistics).register],
            background=stream.background,
            on_stop=[stream.websockets.stop],
        )


@dataclass(frozen=True, slots=True)
class Stream:
    """The service, put together."""

    statistics: Statistics
    quotes: QuoteFeed
    connections: Connections
    websockets: WebSocketServer
    background: Sequence[Background]


async def assemble(
    stack: AsyncExitStack, config: StreamConfig, bus: EventBus, patience: Patience | None = None
) -> Stream:
    """Puts the service together; its channels live as long as the stack."""
    oms = await stack.enter_async_context(channel(config.oms_address))
    lp_manager = await stack.enter_async_context(channel(config.lp_manager_address))
    reference = await stack.enter_async_context(channel(config.reference_address))
    identity = await stack.enter_async_context(channel(config.identity_address))

    statistics = Statistics()
    quotes = QuoteFeed(monotonic)
    announcements = BusAnnouncements()
    accounts = AccountFeed(OmsAccounts(oms), announcements, statistics)
    tickets = TicketDesk(identity, config.issuer)
    connections = Connections(Edge(tickets, quotes, accounts, statistics, utc_now, patience or Patience()))
    websockets = WebSocketServer(connections, statistics, config.origins, config.connections_max)
    await announcements.follow(bus, accounts)
    background = [
        QuoteClient(lp_manager, quotes).follow_quotes,
        InstrumentClient(reference, quotes).follow_instruments,
        quotes.expire,
        connections.tick,
    ]
    return Stream(statistics, quotes, connections, websockets, background)
