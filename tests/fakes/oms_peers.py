"""The services that the order service calls, as it sees them: reference, lp_manager, router, bbook."""

import asyncio
from typing import Any

import grpc
from tradeloom.bbook.v1 import execution_service_pb2 as bbook_pb
from tradeloom.bbook.v1 import execution_service_pb2_grpc as bbook_rpc
from tradeloom.client.v1 import market_pb2
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as lp_rpc
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as reference_rpc
from tradeloom.router.v1 import router_service_pb2 as router_pb
from tradeloom.router.v1 import router_service_pb2_grpc as router_rpc

from services.kernel.instrument import Instrument
from services.kernel.money import text
from services.kit.mux import answer_batches
from tests.fakes.oms import INSTRUMENTS, QUOTES


def settings_of(instrument: Instrument) -> reference_pb.InstrumentSettings:
    """An instrument as the reference service tells it."""
    return reference_pb.InstrumentSettings(
        instrument=market_pb2.Instrument(
            symbol=instrument.symbol,
            base_currency=instrument.base_currency,
            quote_currency=instrument.quote_currency,
            digits=instrument.digits,
            contract_size=text(instrument.contract_size),
            min_quantity=text(instrument.min_quantity.value),
            max_quantity=text(instrument.max_quantity.value),
            quantity_step=text(instrument.quantity_step.value),
            margin_rate=text(instrument.margin_rate),
            tradable=instrument.tradable,
        ),
        quote_age_ms_max=instrument.quote_age_ms_max,
        margin_mode=instrument.margin_mode.value,
        version=instrument.version,
    )


def quote_of(symbol: str, **changed: Any) -> lp_pb.Quote:
    """The symbol's quote in points, fresh."""
    digits = INSTRUMENTS[symbol].digits
    pair = QUOTES[symbol]
    values: dict[str, Any] = {
        "digits": digits,
        "bid_points": int(pair.bid.scaleb(digits)),
        "ask_points": int(pair.ask.scaleb(digits)),
        "bid_quantity": 100,
        "ask_quantity": 100,
        "sequence": 1,
        "epoch": 7,
    }
    return lp_pb.Quote(symbol=symbol, **{**values, **changed})


class Peers(
    reference_rpc.ReferenceServiceServicer,  # type: ignore[misc]
    lp_rpc.QuoteServiceServicer,  # type: ignore[misc]
    router_rpc.RouterServiceServicer,  # type: ignore[misc]
    bbook_rpc.ExecutionServiceServicer,  # type: ignore[misc]
):
    """All four on one server. Tests change `instruments`, `book`, `refusal` and publish quotes."""

    def __init__(self) -> None:
        self.instruments = dict(INSTRUMENTS)
        self.book = router_pb.BOOK_B
        self.refusal = 0
        self.age_us = 500
        self.garbled = False
        self.quotes: asyncio.Queue[lp_pb.WatchQuotesResponse | None] = asyncio.Queue()
        self.executed: list[bbook_pb.OrderToExecute] = []
        self.publish(*QUOTES)

    def register(self, server: grpc.aio.Server) -> str:
        """Adds all four to the server."""
        reference_rpc.add_ReferenceServiceServicer_to_server(self, server)
        lp_rpc.add_QuoteServiceServicer_to_server(self, server)
        router_rpc.add_RouterServiceServicer_to_server(self, server)
        bbook_rpc.add_ExecutionServiceServicer_to_server(self, server)
        return "peers"

    def publish(self, *symbols: str, **changed: Any) -> None:
        """Sends quotes of the symbols."""
        self.quotes.put_nowait(lp_pb.WatchQuotesResponse(quotes=[quote_of(symbol, **changed) for symbol in symbols]))

    async def ListInstruments(self, request: Any, context: Any) -> reference_pb.ListInstrumentsResponse:
        """Instruments, two a page."""
        at = int(request.cursor or 0)
        listed = [settings_of(one) for one in self.instruments.values()]
        more = str(at + 2) if at + 2 < len(listed) else ""
        return reference_pb.ListInstrumentsResponse(instruments=listed[at : at + 2], next_cursor=more)

    async def ListGroups(self, request: Any, context: Any) -> reference_pb.ListGroupsResponse:
        """One group."""
        return reference_pb.ListGroupsResponse(groups=[reference_pb.Group(name="standard", max_leverage=100)])

    async def WatchQuotes(self, request: Any, context: Any) -> Any:
        """What is published, with heartbeats; None ends the stream."""
        while True:
            try:
                message = await asyncio.wait_for(self.quotes.get(), 0.2)
            except TimeoutError:
                message = lp_pb.WatchQuotesResponse()
            if message is None:
                return
            yield message

    async def RouteBatch(self, request_iterator: Any, context: Any) -> Any:
        """Sends everything to `book`."""
        async for response in answer_batches(request_iterator, self._route):
            yield response

    async def ExecuteBatch(self, request_iterator: Any, context: Any) -> Any:
        """Fills at the quotes, or refuses."""
        async for response in answer_batches(request_iterator, self._execute):
            yield response

    def _route(self, request: router_pb.RouteBatchRequest) -> router_pb.RouteBatchResponse:
        items = [
            router_pb.RouteDecision(order_id=item.order_id, book=self.book, rule_id="all", rule_version=3)
            for item in request.items
        ]
        return router_pb.RouteBatchResponse(items=items[:-1] if self.garbled else items)

    def _execute(self, request: bbook_pb.ExecuteBatchRequest) -> bbook_pb.ExecuteBatchResponse:
        self.executed += request.items
        return bbook_pb.ExecuteBatchResponse(items=[self._result(item) for item in request.items])

    def _result(self, item: bbook_pb.OrderToExecute) -> bbook_pb.ExecutionResult:
        if self.refusal:
            return bbook_pb.ExecutionResult(order_id=item.order_id, refusal=self.refusal)  # type: ignore[arg-type]
        pair = QUOTES[item.symbol]
        price = text(pair.ask if item.side == 1 else pair.bid)
        execution = bbook_pb.Execution(price=price, quote_id="7-1", quote_age_us=self.age_us)
        return bbook_pb.ExecutionResult(order_id=item.order_id, execution=execution)
