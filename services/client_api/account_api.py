"""gRPC in: reading accounts."""

import grpc
from tradeloom.client.v1 import account_service_pb2 as pb
from tradeloom.client.v1 import account_service_pb2_grpc as rpc
from tradeloom.oms.v1 import query_service_pb2 as oms_pb
from tradeloom.oms.v1 import query_service_pb2_grpc as oms_rpc

from services.client_api.access import caller
from services.client_api.owners import Owners


class AccountService(rpc.AccountServiceServicer):
    """Answers `tradeloom.client.v1.AccountService` by asking oms."""

    def __init__(self, oms: grpc.aio.Channel, owners: Owners) -> None:
        self._oms = oms_rpc.QueryServiceStub(oms)
        self._owners = owners

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_AccountServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["AccountService"].full_name

    async def ListAccounts(
        self, request: pb.ListAccountsRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListAccountsResponse:
        """The caller's accounts."""
        found = await self._oms.ListAccounts(oms_pb.ListAccountsRequest(user_id=caller().user_id))
        return pb.ListAccountsResponse(accounts=found.accounts)

    async def GetAccount(
        self, request: pb.GetAccountRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetAccountResponse:
        """One account."""
        await self._owners.check(request.account_id, caller())
        found = await self._oms.GetAccount(oms_pb.GetAccountRequest(account_id=request.account_id))
        return pb.GetAccountResponse(account=found.account)

    async def GetAccountSummary(
        self, request: pb.GetAccountSummaryRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetAccountSummaryResponse:
        """The account's money."""
        return pb.GetAccountSummaryResponse(summary=(await self._state(request.account_id)).summary)

    async def ListPositions(
        self, request: pb.ListPositionsRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListPositionsResponse:
        """The open positions."""
        state = await self._state(request.account_id)
        return pb.ListPositionsResponse(positions=state.positions, sequence=state.summary.sequence)

    async def ListChanges(
        self, request: pb.ListChangesRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListChangesResponse:
        """The changes after a sequence."""
        await self._owners.check(request.account_id, caller())
        asked = oms_pb.ListChangesRequest(
            account_id=request.account_id, since_sequence=request.since_sequence, limit=request.limit
        )
        found = await self._oms.ListChanges(asked)
        return pb.ListChangesResponse(changes=found.changes, last_sequence=found.last_sequence)

    async def ListLedgerEntries(
        self, request: pb.ListLedgerEntriesRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListLedgerEntriesResponse:
        """A page of movements of money."""
        await self._owners.check(request.account_id, caller())
        asked = oms_pb.ListLedgerEntriesRequest(
            account_id=request.account_id, limit=request.limit, cursor=request.cursor
        )
        found = await self._oms.ListLedgerEntries(asked)
        return pb.ListLedgerEntriesResponse(entries=found.entries, next_cursor=found.next_cursor)

    async def _state(self, account_id: str) -> oms_pb.GetAccountStateResponse:
        await self._owners.check(account_id, caller())
        return await self._oms.GetAccountState(oms_pb.GetAccountStateRequest(account_id=account_id))
