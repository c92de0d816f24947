"""gRPC out."""

import asyncio

import grpc
from tradeloom.identity.v1 import identity_service_pb2 as identity_pb
from tradeloom.identity.v1 import identity_service_pb2_grpc as identity_rpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as lp_rpc
from tradeloom.oms.v1 import query_service_pb2 as oms_pb
from tradeloom.oms.v1 import query_service_pb2_grpc as oms_rpc
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as reference_rpc

from services.kernel.clock import Now, utc_now
from services.kernel.errors import EngineError, Kind
from services.kit import telemetry
from services.kit.follow import follow
from services.kit.tokens import LEEWAY_S, Verifier
from services.stream.convert import page_from_pb, quote_from_pb, state_from_pb
from services.stream.domain.limits import UsedTickets
from services.stream.handlers.quotes import QuoteFeed
from services.stream.ports import AccountState, Caller, ChangePage

AUDIENCE = "stream"
RETRY_S = 0.25
REFRESH_S = 10.0
PAGE = 200
# How much all clients together may ask of oms at the same time: a storm of reconnects waits here.
OMS_CALLS_MAX = 64
# Such a wait is worth more than an error that makes the client ask again.
OMS_DEADLINE_S = 2.0

_log = telemetry.logger(__name__)


class QuoteClient:
    """Hears the quotes of lp_manager."""

    def __init__(self, channel: grpc.aio.Channel, feed: QuoteFeed) -> None:
        self._stub = lp_rpc.QuoteServiceStub(channel)
        self._feed = feed

    async def follow_quotes(self) -> None:
        """Takes in the quotes, for ever. While lp_manager can't be heard there are none."""

        def take(message: lp_pb.WatchQuotesResponse) -> None:
            now_us = self._feed.now_us()
            self._feed.take([quote_from_pb(quote, now_us) for quote in message.quotes])

        await follow(
            lambda: self._stub.WatchQuotes(lp_pb.WatchQuotesRequest()), take, name="quotes", on_lost=self._feed.lose
        )


class InstrumentClient:
    """Reads from reference which symbols there are."""

    def __init__(self, channel: grpc.aio.Channel, feed: QuoteFeed) -> None:
        self._stub = reference_rpc.ReferenceServiceStub(channel)
        self._feed = feed

    async def follow_instruments(self) -> None:
        """Takes in the instruments, for ever. While reference is away the known ones stay."""
        known = away = False
        while True:
            try:
                self._feed.know(await self._ages_us_max())
                known, away = True, False
            except EngineError as error:
                if not away:
                    _log.warning("instruments can't be read; trying again", reason=error.reason, known=known)
                away = True
            await asyncio.sleep(REFRESH_S if known else RETRY_S)

    async def _ages_us_max(self) -> dict[str, int]:
        found: dict[str, int] = {}
        cursor = ""
        while True:
            page = await self._stub.ListInstruments(reference_pb.ListInstrumentsRequest(cursor=cursor))
            found |= {each.instrument.symbol: each.quote_age_ms_max * 1_000 for each in page.instruments}
            cursor = page.next_cursor
            if not cursor:
                return found


class OmsAccounts:
    """Reads accounts from oms."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = oms_rpc.QueryServiceStub(channel)
        self._room = asyncio.Semaphore(OMS_CALLS_MAX)

    async def owner(self, account_id: str) -> tuple[str, str]:
        """See `Accounts`."""
        async with self._room:
            request = oms_pb.GetAccountRequest(account_id=account_id)
            found = await self._stub.GetAccount(request, timeout=OMS_DEADLINE_S)
        return found.user_id, found.tenant

    async def state(self, account_id: str) -> AccountState:
        """See `Accounts`."""
        async with self._room:
            request = oms_pb.GetAccountStateRequest(account_id=account_id)
            return state_from_pb(await self._stub.GetAccountState(request, timeout=OMS_DEADLINE_S))

    async def changes(self, account_id: str, since: int) -> ChangePage:
        """See `Accounts`."""
        async with self._room:
            request = oms_pb.ListChangesRequest(account_id=account_id, since_sequence=since, limit=PAGE)
            return page_from_pb(await self._stub.ListChanges(request, timeout=OMS_DEADLINE_S))


class TicketDesk:
    """Redeems tickets that identity signed."""

    def __init__(self, channel: grpc.aio.Channel, issuer: str, now: Now = utc_now) -> None:
        self._stub = identity_rpc.IdentityServiceStub(channel)
        self._verifier = Verifier(self._fetch_jwks, issuer, AUDIENCE, now=now)
        self._used = UsedTickets()
        self._now = now

    async def redeem(self, ticket: str) -> Caller:
        """See `Tickets`."""
        principal = await self._verifier.verify(ticket)
        expires_at = int(principal.expires_at) + LEEWAY_S + 1
        if not self._used.use(principal.token_id, expires_at, int(self._now().timestamp())):
            raise EngineError(Kind.UNAUTHENTICATED, "TICKET_USED", "the ticket was used before")
        return Caller(principal.user_id, principal.tenant, principal.session_id)

    async def _fetch_jwks(self) -> str:
        response = await self._stub.GetJwks(identity_pb.GetJwksRequest())
        return str(response.jwks_json)
