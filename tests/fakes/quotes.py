"""Upstream servers of the quote path that a test plays: a FIX gateway, an LP manager, a reference."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from tradeloom.client.v1 import market_pb2
from tradeloom.fix_gateway.v1 import provider_service_pb2 as gateway_pb
from tradeloom.fix_gateway.v1 import provider_service_pb2_grpc as gateway_rpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as lp_rpc
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as reference_rpc

HEARTBEAT_S = 0.1


class Feed:
    """A server stream whose messages a test sends; heartbeats go by themselves until `mute` is called."""

    def __init__(self, heartbeat: Any) -> None:
        self.opened = 0
        self._heartbeat = heartbeat
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self._muted = False

    def send(self, message: Any) -> None:
        """Sends to whoever reads first: a feed has one reader."""
        self._messages.put_nowait(message)

    def mute(self) -> None:
        """Says nothing any more, but stays connected."""
        self._muted = True

    async def stream(self) -> AsyncIterator[Any]:
        self.opened += 1
        while True:
            try:
                yield await asyncio.wait_for(self._messages.get(), None if self._muted else HEARTBEAT_S)
            except TimeoutError:
                if not self._muted:
                    yield self._heartbeat


class FakeGateway(gateway_rpc.ProviderServiceServicer):
    """A FIX gateway."""

    def __init__(self) -> None:
        self.feed = Feed(gateway_pb.WatchBooksResponse())

    def register(self, server: grpc.aio.Server) -> str:
        gateway_rpc.add_ProviderServiceServicer_to_server(self, server)
        return "tradeloom.fix_gateway.v1.ProviderService"

    async def WatchBooks(self, request: Any, context: Any) -> AsyncIterator[gateway_pb.WatchBooksResponse]:
        async for message in self.feed.stream():
            yield message

    def send(self, *books: gateway_pb.ProviderBook) -> None:
        self.feed.send(gateway_pb.WatchBooksResponse(books=books))


class FakeQuotes(lp_rpc.QuoteServiceServicer):
    """An LP manager."""

    def __init__(self) -> None:
        self.feed = Feed(lp_pb.WatchQuotesResponse())

    def register(self, server: grpc.aio.Server) -> str:
        lp_rpc.add_QuoteServiceServicer_to_server(self, server)
        return "tradeloom.lp_manager.v1.QuoteService"

    async def WatchQuotes(self, request: Any, context: Any) -> AsyncIterator[lp_pb.WatchQuotesResponse]:
        async for message in self.feed.stream():
            yield message

    def send(self, *quotes: lp_pb.Quote) -> None:
        self.feed.send(lp_pb.WatchQuotesResponse(quotes=quotes))


class FakeReference(reference_rpc.ReferenceServiceServicer):
    """A reference with few instruments, one a page, so that readers must turn pages."""

    def __init__(self, *settings: reference_pb.InstrumentSettings) -> None:
        self.settings = list(settings)

    def register(self, server: grpc.aio.Server) -> str:
        reference_rpc.add_ReferenceServiceServicer_to_server(self, server)
        return "tradeloom.reference.v1.ReferenceService"

    async def ListInstruments(self, request: Any, context: Any) -> reference_pb.ListInstrumentsResponse:
        at = int(request.cursor or 0)
        more = at + 1 < len(self.settings)
        return reference_pb.ListInstrumentsResponse(
            instruments=self.settings[at : at + 1], next_cursor=str(at + 1) if more else ""
        )


def settings(symbol: str, digits: int = 5, *, tradable: bool = True, age_ms: int = 5000) -> Any:
    """An instrument as far as the quote path cares."""
    return reference_pb.InstrumentSettings(
        instrument=market_pb2.Instrument(symbol=symbol, digits=digits, tradable=tradable), quote_age_ms_max=age_ms
    )


def provider_book(provider: str, symbol: str, bid: int | None, ask: int | None, **others: Any) -> Any:
    """A book of one level a side; of none where the price is None."""
    return gateway_pb.ProviderBook(
        provider=provider,
        symbol=symbol,
        bid_points=[] if bid is None else [bid],
        bid_quantities=[] if bid is None else [100],
        ask_points=[] if ask is None else [ask],
        ask_quantities=[] if ask is None else [100],
        **others,
    )
