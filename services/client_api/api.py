"""gRPC in: logging in, and the door to the WebSocket. The rest: `account_api`, `market_api`, `order_api`."""

import grpc
from tradeloom.client.v1 import auth_service_pb2 as auth_pb
from tradeloom.client.v1 import auth_service_pb2_grpc as auth_rpc
from tradeloom.client.v1 import stream_service_pb2 as stream_pb
from tradeloom.client.v1 import stream_service_pb2_grpc as stream_rpc
from tradeloom.identity.v1 import identity_service_pb2 as identity_pb
from tradeloom.identity.v1 import identity_service_pb2_grpc as identity_rpc

from services.client_api.access import caller
from services.client_api.convert import tokens_to_pb


class AuthService(auth_rpc.AuthServiceServicer):
    """Answers `tradeloom.client.v1.AuthService` by asking identity."""

    def __init__(self, identity: grpc.aio.Channel) -> None:
        self._identity = identity_rpc.IdentityServiceStub(identity)

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        auth_rpc.add_AuthServiceServicer_to_server(self, server)
        return auth_pb.DESCRIPTOR.services_by_name["AuthService"].full_name

    async def Login(self, request: auth_pb.LoginRequest, context: grpc.aio.ServicerContext) -> auth_pb.LoginResponse:
        """Logs a user in."""
        asked = identity_pb.LoginRequest(username=request.username, password=request.password)
        return auth_pb.LoginResponse(tokens=tokens_to_pb((await self._identity.Login(asked)).tokens))

    async def RefreshSession(
        self, request: auth_pb.RefreshSessionRequest, context: grpc.aio.ServicerContext
    ) -> auth_pb.RefreshSessionResponse:
        """Exchanges a refresh token for new tokens."""
        asked = identity_pb.RefreshSessionRequest(refresh_token=request.refresh_token)
        return auth_pb.RefreshSessionResponse(tokens=tokens_to_pb((await self._identity.RefreshSession(asked)).tokens))

    async def Logout(self, request: auth_pb.LogoutRequest, context: grpc.aio.ServicerContext) -> auth_pb.LogoutResponse:
        """Ends a session."""
        await self._identity.Logout(identity_pb.LogoutRequest(refresh_token=request.refresh_token))
        return auth_pb.LogoutResponse()


class StreamService(stream_rpc.StreamServiceServicer):
    """Answers `tradeloom.client.v1.StreamService` by asking identity."""

    def __init__(self, identity: grpc.aio.Channel, stream_url: str) -> None:
        self._identity = identity_rpc.IdentityServiceStub(identity)
        self._stream_url = stream_url

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        stream_rpc.add_StreamServiceServicer_to_server(self, server)
        return stream_pb.DESCRIPTOR.services_by_name["StreamService"].full_name

    async def CreateStreamTicket(
        self, request: stream_pb.CreateStreamTicketRequest, context: grpc.aio.ServicerContext
    ) -> stream_pb.CreateStreamTicketResponse:
        """Gives a ticket for one WebSocket."""
        principal = caller()
        issued = await self._identity.IssueStreamTicket(
            identity_pb.IssueStreamTicketRequest(user_id=principal.user_id, session_id=principal.session_id)
        )
        return stream_pb.CreateStreamTicketResponse(
            ticket=issued.ticket, expire_time=issued.expire_time, url=self._stream_url
        )
