"""gRPC out."""

import asyncio
from collections.abc import Callable

import grpc
from tradeloom.reference.v1 import reference_service_pb2 as pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as rpc

from services.fix_gateway.convert import units_from_pb
from services.fix_gateway.ports import Reference, Units
from services.kernel.errors import EngineError
from services.kit import telemetry

_RETRY_S = 0.5
_REFRESH_S = 30.0

_log = telemetry.logger(__name__)


class ReferenceClient:
    """Reads the instruments."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.ReferenceServiceStub(channel)

    async def instruments(self) -> list[Units]:
        """All pages of them."""
        units: list[Units] = []
        cursor = ""
        while True:
            page = await self._stub.ListInstruments(pb.ListInstrumentsRequest(cursor=cursor))
            units += units_from_pb(page.instruments)
            cursor = page.next_cursor
            if not cursor:
                return units


async def keep_instruments(
    reference: Reference, take: Callable[[list[Units]], None], retry_s: float = _RETRY_S, refresh_s: float = _REFRESH_S
) -> None:
    """Asks until reference answers, and then now and then, for ever. What is known stays known while it is silent."""
    while True:
        try:
            units = await reference.instruments()
        except EngineError as error:
            _log.warning("reference does not answer", reason=error.reason)
            await asyncio.sleep(retry_s)
        else:
            take(units)
            await asyncio.sleep(refresh_s if units else retry_s)
