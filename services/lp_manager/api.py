"""gRPC in."""

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as rpc

from services.kit.newest import Broadcast, Newest
from services.lp_manager.convert import depth_to_pb, quote_to_pb
from services.lp_manager.handlers import Market

HEARTBEAT_US = 250_000
# For a reader that does not say its own pace.
PACE_US = 2_000


class QuoteService(rpc.QuoteServiceServicer):
    """Answers `tradeloom.lp_manager.v1.QuoteService`. Readers share each quote built."""

    def __init__(
        self,
        market: Market,
        changes: Broadcast[str, str],
        now_us: Callable[[], int],
        epoch: int,
        pace_us: int = PACE_US,
    ) -> None:
        self._market = market
        self._changes = changes
        self._now_us = now_us
        self._epoch = epoch
        self._pace_us = pace_us
        self._built: dict[str, pb.Quote] = {}

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_QuoteServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["QuoteService"].full_name

    async def WatchQuotes(
        self, request: pb.WatchQuotesRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.WatchQuotesResponse]:
        """The quotes that stand, then those that changed or were confirmed, then more of them, for ever."""
        sent: dict[str, int] = {}
        pace_us = request.pace_ms * 1_000 or self._pace_us
        with self._changes.subscribe() as changed:
            message = self._message(await changed.take(0), sent)
            while True:
                sent_us = self._now_us()
                yield message
                await asyncio.sleep((sent_us + pace_us - self._now_us()) / 1_000_000)
                message = await self._next_message(changed, sent, sent_us + HEARTBEAT_US)

    async def GetBook(self, request: pb.GetBookRequest, context: grpc.aio.ServicerContext) -> pb.GetBookResponse:
        """The merged depth."""
        self._market.expire(self._now_us())
        return depth_to_pb(*self._market.depth(request.symbol))

    async def _next_message(
        self, changed: Newest[str, str], sent: dict[str, int], heartbeat_at_us: int
    ) -> pb.WatchQuotesResponse:
        """The next message with quotes, or an empty one when it is time for a heartbeat."""
        while True:
            left_us = heartbeat_at_us - self._now_us()
            message = self._message(await changed.take(max(0, left_us) / 1_000_000), sent)
            if message.quotes or left_us <= 0:
                return message

    def _message(self, symbols: list[str], sent: dict[str, int]) -> pb.WatchQuotesResponse:
        message = pb.WatchQuotesResponse()
        now_us = self._now_us()
        for symbol in symbols:
            quote = self._quote(symbol, now_us)
            if sent.get(symbol) != quote.sequence:
                sent[symbol] = quote.sequence
                message.quotes.append(quote)
        return message

    def _quote(self, symbol: str, now_us: int) -> pb.Quote:
        quote = self._market.quote(symbol)
        built = self._built.get(symbol)
        if built is None or built.sequence != quote.sequence:
            built = self._built[symbol] = quote_to_pb(quote, self._epoch)
        received_us = quote.best.received_us
        built.age_us = max(0, now_us - received_us) if received_us else 0
        return built
