"""gRPC in."""

from uuid import UUID

import grpc
from tradeloom.identity.v1 import identity_service_pb2 as pb
from tradeloom.identity.v1 import identity_service_pb2_grpc as rpc

from services.identity.convert import timestamp, tokens_to_pb, user_from_pb
from services.identity.handlers import Identity


class IdentityService(rpc.IdentityServiceServicer):
    """Answers `tradeloom.identity.v1.IdentityService`."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_IdentityServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["IdentityService"].full_name

    async def CreateUser(
        self, request: pb.CreateUserRequest, context: grpc.aio.ServicerContext
    ) -> pb.CreateUserResponse:
        """Makes a user."""
        user_id = await self._identity.create_user(user_from_pb(request), request.password)
        return pb.CreateUserResponse(user_id=str(user_id))

    async def Login(self, request: pb.LoginRequest, context: grpc.aio.ServicerContext) -> pb.LoginResponse:
        """Starts a session."""
        return pb.LoginResponse(tokens=tokens_to_pb(await self._identity.login(request.username, request.password)))

    async def RefreshSession(
        self, request: pb.RefreshSessionRequest, context: grpc.aio.ServicerContext
    ) -> pb.RefreshSessionResponse:
        """Goes on with a session."""
        return pb.RefreshSessionResponse(tokens=tokens_to_pb(await self._identity.refresh(request.refresh_token)))

    async def Logout(self, request: pb.LogoutRequest, context: grpc.aio.ServicerContext) -> pb.LogoutResponse:
        """Ends a session."""
        await self._identity.logout(request.refresh_token)
        return pb.LogoutResponse()

    async def IssueStreamTicket(
        self, request: pb.IssueStreamTicketRequest, context: grpc.aio.ServicerContext
    ) -> pb.IssueStreamTicketResponse:
        """Signs a ticket for one WebSocket."""
        ticket, expires_at = await self._identity.issue_ticket(UUID(request.user_id), UUID(request.session_id))
        return pb.IssueStreamTicketResponse(ticket=ticket, expire_time=timestamp(expires_at))

    async def GetJwks(self, request: pb.GetJwksRequest, context: grpc.aio.ServicerContext) -> pb.GetJwksResponse:
        """Gives the public keys."""
        return pb.GetJwksResponse(jwks_json=self._identity.signer.jwks())
