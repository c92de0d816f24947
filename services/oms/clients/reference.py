"""Instruments and account groups, read at the start and again every few seconds."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from tradeloom.reference.v1 import reference_service_pb2 as pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as rpc

from services.kernel.conversion import pairs_of
from services.kernel.errors import EngineError
from services.kernel.instrument import Instrument, MarginMode
from services.kernel.money import Quantity
from services.kit import telemetry
from services.oms.domain.market import Terms

REFRESH_S = 10.0
RETRY_S = 0.25

_log = telemetry.logger(__name__)


class TermsClient:
    """Keeps the terms as the reference service gave them last."""

    def __init__(self, stub: "rpc.ReferenceServiceAsyncStub") -> None:
        self._stub = stub
        self._terms = Terms({}, {}, {})

    @property
    def terms(self) -> Terms:
        """The terms in force."""
        return self._terms

    async def load(self) -> None:
        """Reads them all. Raises EngineError."""
        instruments = await self._instruments()
        groups = (await self._stub.ListGroups(pb.ListGroupsRequest())).groups
        leverages = {group.name: group.max_leverage for group in groups if group.max_leverage > 0}
        self._terms = Terms({i.symbol: i for i in instruments}, leverages, pairs_of(instruments))

    async def load_until_there(self) -> None:
        """Reads them, however long the reference service takes to come up."""
        while True:
            try:
                return await self.load()
            except EngineError as error:
                _log.warning("reference not read", error=error.message)
                await asyncio.sleep(RETRY_S)

    async def refresh(self) -> None:
        """Reads them again for ever; while that fails the last ones stand."""
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.load()
            except EngineError as error:
                _log.warning("reference not refreshed", error=error.message)

    async def _instruments(self) -> Sequence[Instrument]:
        instruments: list[Instrument] = []
        cursor = ""
        while True:
            page = await self._stub.ListInstruments(pb.ListInstrumentsRequest(cursor=cursor))
            instruments += [instrument_from_pb(settings) for settings in page.instruments if _understood(settings)]
            cursor = page.next_cursor
            if not cursor:
                return instruments


def instrument_from_pb(settings: pb.InstrumentSettings) -> Instrument:
    """An instrument as trading needs it."""
    seen = settings.instrument
    return Instrument(
        symbol=seen.symbol,
        base_currency=seen.base_currency,
        quote_currency=seen.quote_currency,
        digits=seen.digits,
        contract_size=Decimal(seen.contract_size),
        min_quantity=Quantity(Decimal(seen.min_quantity)),
        max_quantity=Quantity(Decimal(seen.max_quantity)),
        quantity_step=Quantity(Decimal(seen.quantity_step)),
        margin_mode=MarginMode(settings.margin_mode),
        margin_rate=Decimal(seen.margin_rate),
        quote_age_ms_max=settings.quote_age_ms_max,
        tradable=seen.tradable,
        version=settings.version,
    )


def _understood(settings: pb.InstrumentSettings) -> bool:
    """The margin modes may grow: an instrument of an unknown one is not traded here."""
    return int(settings.margin_mode) in tuple(MarginMode)
