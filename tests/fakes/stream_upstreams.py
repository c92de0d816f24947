"""What stands behind the WebSocket server: the order service's books and identity's keys, as a test plays them."""

from typing import Any

import grpc
from tradeloom.client.v1 import trading_pb2
from tradeloom.identity.v1 import identity_service_pb2 as identity_pb
from tradeloom.identity.v1 import identity_service_pb2_grpc as identity_rpc
from tradeloom.oms.v1 import events_pb2
from tradeloom.oms.v1 import query_service_pb2 as oms_pb
from tradeloom.oms.v1 import query_service_pb2_grpc as oms_rpc

from services.kernel.errors import EngineError, Kind
from services.kernel.ids import new_id
from services.kit.bus.port import Event

ACCOUNT = "018f4a00-0000-7000-8000-000000001001"
OWNER = "018f4a00-0000-7000-8000-000000000001"
TOPIC = "oms.account_events"


class FakeIdentity(identity_rpc.IdentityServiceServicer):
    """Gives its keys."""

    def __init__(self, jwks: str) -> None:
        self._jwks = jwks

    def register(self, server: grpc.aio.Server) -> str:
        identity_rpc.add_IdentityServiceServicer_to_server(self, server)
        return "tradeloom.identity.v1.IdentityService"

    async def GetJwks(self, request: Any, context: Any) -> identity_pb.GetJwksResponse:
        return identity_pb.GetJwksResponse(jwks_json=self._jwks)


class FakeBooks(oms_rpc.QueryServiceServicer):
    """One account whose changes a test makes; `down` refuses every call."""

    def __init__(self) -> None:
        self.last = 0
        self.down = False
        self.calls: list[str] = []

    def register(self, server: grpc.aio.Server) -> str:
        oms_rpc.add_QueryServiceServicer_to_server(self, server)
        return "tradeloom.oms.v1.QueryService"

    def commit(self, count: int = 1) -> Event:
        """Changes the account, and returns what is announced of it."""
        first, self.last = self.last + 1, self.last + count
        changed = events_pb2.AccountChanged(
            account_id=ACCOUNT,
            user_id=OWNER,
            changes=[change(number) for number in range(first, self.last + 1)],
            summary=self.summary(),
        )
        return Event(TOPIC, ACCOUNT, new_id(), changed.SerializeToString())

    def summary(self) -> trading_pb2.AccountSummary:
        return trading_pb2.AccountSummary(
            account_id=ACCOUNT, currency="USD", balance=f"{100000 + self.last}.00", sequence=self.last
        )

    async def GetAccount(self, request: Any, context: Any) -> oms_pb.GetAccountResponse:
        self._begin("GetAccount", request)
        account = trading_pb2.Account(account_id=ACCOUNT, currency="USD")
        return oms_pb.GetAccountResponse(account=account, user_id=OWNER, tenant="demo")

    async def GetAccountState(self, request: Any, context: Any) -> oms_pb.GetAccountStateResponse:
        self._begin("GetAccountState", request)
        position = trading_pb2.Position(position_id="p1", account_id=ACCOUNT, symbol="EURUSD", quantity="1.00")
        return oms_pb.GetAccountStateResponse(summary=self.summary(), positions=[position])

    async def ListChanges(self, request: Any, context: Any) -> oms_pb.ListChangesResponse:
        self._begin("ListChanges", request)
        last = min(self.last, request.since_sequence + (request.limit or 100))
        changes = [change(number) for number in range(request.since_sequence + 1, last + 1)]
        return oms_pb.ListChangesResponse(changes=changes, last_sequence=self.last)

    def _begin(self, name: str, request: Any) -> None:
        self.calls.append(name)
        if self.down:
            raise EngineError(Kind.UNAVAILABLE, "UNAVAILABLE", "taken down")
        if request.account_id != ACCOUNT:
            raise EngineError(Kind.NOT_FOUND, "ACCOUNT_UNKNOWN", "there is no such account")


def change(sequence: int) -> trading_pb2.AccountEvent:
    """A change of the account."""
    return trading_pb2.AccountEvent(
        account_id=ACCOUNT,
        sequence=sequence,
        order=trading_pb2.Order(
            order_id=f"order-{sequence}", side=trading_pb2.SIDE_BUY, state=trading_pb2.ORDER_STATE_FILLED
        ),
    )
