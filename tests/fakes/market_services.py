"""reference and lp_manager as their readers see them."""

import asyncio
from typing import Any

import grpc
from tradeloom.client.v1 import market_pb2
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as lp_rpc
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as reference_rpc

HEARTBEAT_S = 0.25


def settings(symbol: str, digits: int = 5, quote_age_ms_max: int = 5_000) -> reference_pb.InstrumentSettings:
    """An instrument, and how old its quotes may be."""
    instrument = market_pb2.Instrument(symbol=symbol, digits=digits, contract_size="100000", tradable=True)
    return reference_pb.InstrumentSettings(instrument=instrument, quote_age_ms_max=quote_age_ms_max, version=1)


def quote(symbol: str = "EURUSD", bid: int = 110_000, ask: int = 110_010, **changed: Any) -> lp_pb.Quote:
    """A quote of 1.5 by 2 lots, fresh."""
    values = {
        "digits": 5,
        "bid_quantity": 150,
        "ask_quantity": 200,
        "sequence": 42,
        "epoch": 7,
        "provider_time_us": 1_700_000_000_123_456,
    }
    return lp_pb.Quote(symbol=symbol, bid_points=bid, ask_points=ask, **{**values, **changed})


class FakeReference(reference_rpc.ReferenceServiceServicer):  # type: ignore[misc]
    """Hands out instruments, two a page."""

    def __init__(self, *items: reference_pb.InstrumentSettings) -> None:
        self.items = sorted(items, key=lambda item: item.instrument.symbol)

    def register(self, server: grpc.aio.Server) -> str:
        reference_rpc.add_ReferenceServiceServicer_to_server(self, server)
        return "tradeloom.reference.v1.ReferenceService"

    async def ListInstruments(self, request: Any, context: Any) -> reference_pb.ListInstrumentsResponse:
        start = int(request.cursor or 0)
        more = start + 2 < len(self.items)
        return reference_pb.ListInstrumentsResponse(
            instruments=self.items[start : start + 2], next_cursor=str(start + 2) if more else ""
        )


class FakeQuoteFeed(lp_rpc.QuoteServiceServicer):  # type: ignore[misc]
    """Streams the quotes that the test publishes, to one follower after the other."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[lp_pb.WatchQuotesResponse | None] = asyncio.Queue()

    def register(self, server: grpc.aio.Server) -> str:
        lp_rpc.add_QuoteServiceServicer_to_server(self, server)
        return "tradeloom.lp_manager.v1.QuoteService"

    def publish(self, *quotes: lp_pb.Quote) -> None:
        self.messages.put_nowait(lp_pb.WatchQuotesResponse(quotes=quotes))

    def end(self) -> None:
        self.messages.put_nowait(None)

    async def WatchQuotes(self, request: Any, context: Any) -> Any:
        while True:
            try:
                message = await asyncio.wait_for(self.messages.get(), HEARTBEAT_S)
            except TimeoutError:
                message = lp_pb.WatchQuotesResponse()
            if message is None:
                return
            yield message
