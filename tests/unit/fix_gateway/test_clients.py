"""Asking reference for the instruments, and what Prometheus reads."""

import asyncio
from decimal import Decimal

from tradeloom.reference.v1 import reference_service_pb2 as pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as rpc

from services.fix_gateway.clients import ReferenceClient, keep_instruments
from services.fix_gateway.domain.provider import SessionKey, SessionKind, SessionState
from services.fix_gateway.metrics import SessionCollector
from services.kernel.errors import EngineError, Kind
from services.kit.channel import channel
from tests.fakes.wire import serving

UNITS = [("EURUSD", 5, Decimal(100_000))]


class FlakyReference:
    """Fails, then knows nothing, then answers."""

    def __init__(self):
        self.answers = [None, [], UNITS]

    async def instruments(self):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise EngineError(Kind.UNAVAILABLE, "UNAVAILABLE", "not yet")
        return answer


async def test_instruments_are_asked_for_until_they_come():
    taken = []
    done = asyncio.Event()

    def take(units):
        taken.append(units)
        if units:
            done.set()

    task = asyncio.create_task(keep_instruments(FlakyReference(), take, retry_s=0.001, refresh_s=60.0))
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
    assert taken == [[], UNITS]


class PagedReference(rpc.ReferenceServiceServicer):
    """One instrument a page."""

    symbols = ("BTCUSD", "EURUSD", "US500")

    def register(self, server):
        rpc.add_ReferenceServiceServicer_to_server(self, server)
        return "tradeloom.reference.v1.ReferenceService"

    async def ListInstruments(self, request, context):
        at = int(request.cursor or 0)
        answer = pb.ListInstrumentsResponse(next_cursor=str(at + 1) if at + 1 < len(self.symbols) else "")
        instrument = answer.instruments.add().instrument
        instrument.symbol, instrument.digits, instrument.contract_size = self.symbols[at], at, "100.5"
        return answer


async def test_all_pages_of_instruments_are_read(tmp_path):
    async with serving(tmp_path / "s.sock", PagedReference().register) as address, channel(address) as made:
        units = await ReferenceClient(made).instruments()
    assert units == [("BTCUSD", 0, Decimal("100.5")), ("EURUSD", 1, Decimal("100.5")), ("US500", 2, Decimal("100.5"))]


def test_metrics_say_what_the_sessions_did():
    state = SessionState(SessionKey("alpha", SessionKind.TRADE), True, None, 7, 2)
    samples = {
        (sample.name, sample.labels.get("session")): sample.value
        for metric in SessionCollector(lambda: [state], lambda: 3).collect()
        for sample in metric.samples
    }
    assert samples["fix_messages_received_total", "trade"] == 7
    assert samples["fix_messages_refused_total", "trade"] == 2
    assert samples["fix_session_up", "trade"] == 1
    assert samples["fix_callback_failures_total", None] == 3
