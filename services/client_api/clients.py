"""gRPC out: what is kept up to date in the background, and the link that orders go over."""

import asyncio

import grpc
from tradeloom.identity.v1 import identity_service_pb2 as identity_pb
from tradeloom.identity.v1 import identity_service_pb2_grpc as identity_rpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as lp_rpc
from tradeloom.oms.v1 import command_service_pb2 as command_pb
from tradeloom.oms.v1 import command_service_pb2_grpc as command_rpc
from tradeloom.oms.v1 import query_service_pb2 as query_pb
from tradeloom.oms.v1 import query_service_pb2_grpc as query_rpc
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as reference_rpc

from services.client_api.instruments import Instruments
from services.client_api.owners import FindOwner, Owner
from services.client_api.quotes import QuoteTable
from services.kernel.errors import EngineError
from services.kit import telemetry
from services.kit.follow import follow
from services.kit.mux import ItemCaller
from services.kit.tokens import FetchJwks

RETRY_S = 0.25
REFRESH_S = 10.0
EXPIRE_S = 0.25
# People and programs that want every quote have the WebSocket.
PACE_MS = 25

_log = telemetry.logger(__name__)


def order_link(oms: grpc.aio.Channel, timeout_s: float) -> ItemCaller:
    """The one stream that all trading goes over."""
    stub = command_rpc.CommandServiceStub(oms)
    return ItemCaller(lambda: stub.ExecuteCommands(None), command_pb.ExecuteCommandsRequest, timeout_s)


def owner_finder(oms: grpc.aio.Channel) -> FindOwner:
    """Asks oms whose account it is."""
    stub = query_rpc.QueryServiceStub(oms)

    async def find(account_id: str) -> Owner:
        found = await stub.GetAccount(query_pb.GetAccountRequest(account_id=account_id))
        return Owner(found.user_id, found.tenant)

    return find


def jwks_fetcher(identity: grpc.aio.Channel) -> FetchJwks:
    """Asks identity for the keys that tokens are verified with."""
    stub = identity_rpc.IdentityServiceStub(identity)

    async def fetch() -> str:
        return str((await stub.GetJwks(identity_pb.GetJwksRequest())).jwks_json)

    return fetch


class ReferenceFollower:
    """Keeps the instruments up to date."""

    def __init__(self, reference: grpc.aio.Channel, instruments: Instruments) -> None:
        self._stub = reference_rpc.ReferenceServiceStub(reference)
        self._instruments = instruments

    async def first(self) -> None:
        """Returns when the instruments are known; nothing can be served before."""
        while not await self._refresh():  # noqa: ASYNC110 -- it is another process that is waited for
            await asyncio.sleep(RETRY_S)

    async def keep(self) -> None:
        """Reads them again and again; while reference can't be reached, what was known stays."""
        while True:
            await asyncio.sleep(REFRESH_S)
            await self._refresh()

    async def _refresh(self) -> bool:
        try:
            self._instruments.replace(await self._read_all())
        except EngineError as error:
            _log.warning("instruments can't be read", reason=error.reason)
            return False
        return True

    async def _read_all(self) -> list[reference_pb.InstrumentSettings]:
        found: list[reference_pb.InstrumentSettings] = []
        cursor = ""
        while True:
            page = await self._stub.ListInstruments(reference_pb.ListInstrumentsRequest(cursor=cursor))
            found.extend(page.instruments)
            cursor = page.next_cursor
            if not cursor:
                return found


async def follow_quotes(lp_manager: grpc.aio.Channel, table: QuoteTable) -> None:
    """Takes in the quotes, for ever."""
    stub = lp_rpc.QuoteServiceStub(lp_manager)
    await follow(
        lambda: stub.WatchQuotes(lp_pb.WatchQuotesRequest(pace_ms=PACE_MS)),
        table.take,
        name="quotes",
        on_lost=table.lose,
    )


async def keep_expiring(table: QuoteTable) -> None:
    """Tells watchers of quotes that have become too old."""
    while True:
        await asyncio.sleep(EXPIRE_S)
        table.expire()
