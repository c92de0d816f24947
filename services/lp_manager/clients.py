"""gRPC out."""

import asyncio
from collections.abc import Callable

import grpc
from prometheus_client import Counter
from tradeloom.fix_gateway.v1 import provider_service_pb2 as gateway_pb
from tradeloom.fix_gateway.v1 import provider_service_pb2_grpc as gateway_rpc
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as reference_rpc

from services.kernel.errors import EngineError
from services.kit import telemetry
from services.kit.follow import follow
from services.lp_manager.convert import book_from_pb
from services.lp_manager.handlers import Market

RETRY_S = 0.25
REFRESH_S = 10.0

TAKEN = Counter("lp_manager_books_taken_total", "Providers' books received.")

_log = telemetry.logger(__name__)


class GatewayClient:
    """Hears the providers through fix_gateway."""

    def __init__(self, channel: grpc.aio.Channel, now_us: Callable[[], int]) -> None:
        self._stub = gateway_rpc.ProviderServiceStub(channel)
        self._now_us = now_us

    async def follow_books(self, market: Market) -> None:
        """Takes in the providers' books, for ever. While the gateway can't be heard there are none."""

        def take(message: gateway_pb.WatchBooksResponse) -> None:
            now_us = self._now_us()
            for book in message.books:
                market.take(book.provider, book.symbol, book_from_pb(book, now_us), now_us)
            TAKEN.inc(len(message.books))

        await follow(
            lambda: self._stub.WatchBooks(gateway_pb.WatchBooksRequest()),
            take,
            name="books",
            on_lost=market.withdraw_all,
        )


class ReferenceClient:
    """Reads the symbols from reference."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = reference_rpc.ReferenceServiceStub(channel)

    async def digits(self) -> dict[str, int]:
        """The digits of every symbol's price."""
        found: dict[str, int] = {}
        cursor = ""
        while True:
            page = await self._stub.ListInstruments(reference_pb.ListInstrumentsRequest(cursor=cursor))
            found |= {settings.instrument.symbol: settings.instrument.digits for settings in page.instruments}
            cursor = page.next_cursor
            if not cursor:
                return found

    async def digits_at_last(self) -> dict[str, int]:
        """The digits of every symbol's price, asked for until there is an answer."""
        while True:
            try:
                return await self.digits()
            except EngineError as error:
                _log.warning("instruments can't be read; trying again", reason=error.reason)
                await asyncio.sleep(RETRY_S)

    async def follow_symbols(self, market: Market) -> None:
        """Adds symbols that were listed since, for ever. While reference is away the known ones go on."""
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                market.list_symbols(await self.digits())
            except EngineError as error:
                _log.warning("instruments can't be read; the known ones go on", reason=error.reason)
