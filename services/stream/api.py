"""gRPC in."""

import grpc
from tradeloom.stream.v1 import stream_service_pb2 as pb
from tradeloom.stream.v1 import stream_service_pb2_grpc as rpc

from services.stream.handlers.statistics import Statistics


class StreamService(rpc.StreamServiceServicer):
    """Answers `tradeloom.stream.v1.StreamService`."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_StreamServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["StreamService"].full_name

    async def GetStatistics(
        self, request: pb.GetStatisticsRequest, context: grpc.aio.ServicerContext
    ) -> pb.GetStatisticsResponse:
        """The counts."""
        counted = self._statistics
        return pb.GetStatisticsResponse(
            connection_count=counted.connection_count,
            subscription_count=counted.quote_subscriber_count + counted.account_count,
            sent_frame_count=counted.sent_frame_count,
            slow_close_count=counted.slow_close_count,
        )
