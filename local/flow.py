"""The last check of a start: do prices flow from the providers to where orders are filled?"""

import asyncio

import grpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as rpc

from local.ports import Ports
from services.kernel.clock import monotonic

FLOW_S = 20.0
SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "US500", "BTCUSD")


class NoQuotesError(Exception):
    """Prices do not reach the book; the text names the instruments."""


async def wait_for_quotes(ports: Ports) -> None:
    """Return once every instrument has a price on both sides."""
    deadline = monotonic() + FLOW_S
    async with grpc.aio.insecure_channel(ports.address("lp_manager")) as channel:
        stub = rpc.QuoteServiceStub(channel)
        missing = list(SYMBOLS)
        while missing:
            missing = [symbol for symbol in missing if not await _is_quoted(stub, symbol)]
            if missing and monotonic() > deadline:
                raise NoQuotesError(f"no prices for {', '.join(missing)} after {FLOW_S:.0f} s")
            await asyncio.sleep(0.05 if missing else 0)


async def _is_quoted(stub: "rpc.QuoteServiceAsyncStub", symbol: str) -> bool:
    try:
        book = await stub.GetBook(pb.GetBookRequest(symbol=symbol), timeout=1)
    except grpc.aio.AioRpcError:
        return False
    return bool(book.bids and book.asks)
