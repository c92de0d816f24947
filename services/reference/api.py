"""gRPC in."""

import grpc
from tradeloom.reference.v1 import reference_service_pb2 as pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as rpc

from services.reference.convert import group_to_pb, page_to_pb
from services.reference.handlers import Catalogue


class ReferenceService(rpc.ReferenceServiceServicer):
    """Answers `tradeloom.reference.v1.ReferenceService`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_ReferenceServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["ReferenceService"].full_name

    async def ListInstruments(
        self, request: pb.ListInstrumentsRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListInstrumentsResponse:
        """A page of instruments."""
        return page_to_pb(await self._catalogue.list_instruments(request.limit, request.cursor))

    async def ListGroups(
        self, request: pb.ListGroupsRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListGroupsResponse:
        """All groups."""
        return pb.ListGroupsResponse(groups=[group_to_pb(group) for group in await self._catalogue.list_groups()])
