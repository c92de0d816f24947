"""gRPC out."""

import asyncio
from collections.abc import Callable

import grpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as lp_rpc
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as reference_rpc

from services.bbook.convert import conditions_from_pb, quote_from_pb
from services.bbook.domain.execution import Conditions
from services.bbook.handlers import House
from services.kernel.errors import EngineError
from services.kit import telemetry
from services.kit.follow import follow

RETRY_S = 0.25
REFRESH_S = 10.0
# Fills are at a price that stood within this: far below what a client takes to see it.
PACE_MS = 5

_log = telemetry.logger(__name__)


class QuoteClient:
    """Hears the quotes of lp_manager."""

    def __init__(self, channel: grpc.aio.Channel, now_us: Callable[[], int]) -> None:
        self._stub = lp_rpc.QuoteServiceStub(channel)
        self._now_us = now_us

    async def follow_quotes(self, house: House) -> None:
        """Takes in the quotes, for ever. While lp_manager can't be heard there are none."""

        def take(message: lp_pb.WatchQuotesResponse) -> None:
            now_us = self._now_us()
            for quote in message.quotes:
                house.take_quote(quote.symbol, quote_from_pb(quote, now_us))

        await follow(
            lambda: self._stub.WatchQuotes(lp_pb.WatchQuotesRequest(pace_ms=PACE_MS)),
            take,
            name="quotes",
            on_lost=house.withdraw_quotes,
        )


class ReferenceClient:
    """Reads trading conditions from reference."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = reference_rpc.ReferenceServiceStub(channel)

    async def conditions(self) -> dict[str, Conditions]:
        """The conditions of every instrument."""
        found: dict[str, Conditions] = {}
        cursor = ""
        while True:
            page = await self._stub.ListInstruments(reference_pb.ListInstrumentsRequest(cursor=cursor))
            found |= {settings.instrument.symbol: conditions_from_pb(settings) for settings in page.instruments}
            cursor = page.next_cursor
            if not cursor:
                return found

    async def conditions_at_last(self) -> dict[str, Conditions]:
        """The conditions of every instrument, asked for until there is an answer."""
        while True:
            try:
                return await self.conditions()
            except EngineError as error:
                _log.warning("instruments can't be read; trying again", reason=error.reason)
                await asyncio.sleep(RETRY_S)

    async def follow_conditions(self, house: House) -> None:
        """Takes in changed conditions, for ever. While reference is away the known ones stay in force."""
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                house.set_conditions(await self.conditions())
            except EngineError as error:
                _log.warning("instruments can't be read; the known ones stay in force", reason=error.reason)
