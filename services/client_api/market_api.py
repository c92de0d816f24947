"""gRPC in: instruments and live prices."""

from collections.abc import AsyncIterator, Sequence

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from tradeloom.client.v1 import market_service_pb2 as pb
from tradeloom.client.v1 import market_service_pb2_grpc as rpc

from services.client_api.access import caller
from services.client_api.instruments import Instruments
from services.client_api.quotes import QuoteTable
from services.kernel.clock import Now
from services.kit.tokens import check_alive

# How often a quiet stream looks whether its token has expired.
LOOK_S = 1.0


class MarketService(rpc.MarketServiceServicer):
    """Answers `tradeloom.client.v1.MarketService` from what is known here."""

    def __init__(self, instruments: Instruments, quotes: QuoteTable, now: Now) -> None:
        self._instruments = instruments
        self._quotes = quotes
        self._now = now

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_MarketServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["MarketService"].full_name

    async def GetServerTime(
        self, request: pb.GetServerTimeRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetServerTimeResponse:
        """The server's clock."""
        time = Timestamp()
        time.FromDatetime(self._now())
        return pb.GetServerTimeResponse(time=time)

    async def ListInstruments(
        self, request: pb.ListInstrumentsRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListInstrumentsResponse:
        """A page of instruments."""
        page, next_cursor = self._instruments.page(request.limit, request.cursor)
        return pb.ListInstrumentsResponse(instruments=page, next_cursor=next_cursor)

    async def GetInstrument(
        self, request: pb.GetInstrumentRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetInstrumentResponse:
        """One instrument."""
        return pb.GetInstrumentResponse(instrument=self._instruments.get(request.symbol))

    async def GetQuotes(self, request: pb.GetQuotesRequest, context: grpc.aio.ServicerContext) -> pb.GetQuotesResponse:
        """The quotes at the moment."""
        return pb.GetQuotesResponse(quotes=self._quotes.snapshot(self._wanted(request.symbols)))

    async def WatchQuotes(
        self, request: pb.WatchQuotesRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.WatchQuotesResponse]:
        """The quotes at the moment, then each change; until the token expires."""
        principal = caller()
        wanted = self._wanted(request.symbols)
        everything, chosen = not request.symbols, frozenset(wanted)
        with self._quotes.changes.subscribe() as newest:
            await newest.take(0)  # The snapshot has them already, and those that were never quoted.
            yield pb.WatchQuotesResponse(quotes=self._quotes.snapshot(wanted))
            while True:
                changed = await newest.take(LOOK_S)
                check_alive(principal, self._now())
                if shown := [s for s in changed if everything or s.raw.symbol in chosen]:
                    yield pb.WatchQuotesResponse(quotes=self._quotes.show(shown))

    def _wanted(self, symbols: Sequence[str]) -> list[str]:
        if not symbols:
            return self._instruments.symbols
        self._instruments.check(symbols)
        return sorted(dict.fromkeys(symbols))
