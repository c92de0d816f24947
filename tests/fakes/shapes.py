"""A service with a method of each of gRPC's four shapes, answered by functions that a test gives."""

from collections.abc import Callable
from typing import Any

import grpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as pb

NAME = "tradeloom.test.v1.ShapeService"
Request, Response = pb.GetBookRequest, pb.GetBookResponse


class Shapes:
    """The server side."""

    def __init__(self, **behaviours: Callable[..., Any]) -> None:
        self._behaviours = behaviours

    def register(self, server: grpc.aio.Server) -> str:
        make = {
            "unary": grpc.unary_unary_rpc_method_handler,
            "down": grpc.unary_stream_rpc_method_handler,
            "up": grpc.stream_unary_rpc_method_handler,
            "both": grpc.stream_stream_rpc_method_handler,
        }
        handlers = {
            shape: make[shape](
                behaviour, request_deserializer=Request.FromString, response_serializer=Response.SerializeToString
            )
            for shape, behaviour in self._behaviours.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))
        return NAME


class ShapesStub:
    """The client side."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        serializers = {
            "request_serializer": Request.SerializeToString,
            "response_deserializer": Response.FromString,
        }
        self.unary = channel.unary_unary(f"/{NAME}/unary", **serializers)
        self.down = channel.unary_stream(f"/{NAME}/down", **serializers)
        self.up = channel.stream_unary(f"/{NAME}/up", **serializers)
        self.both = channel.stream_stream(f"/{NAME}/both", **serializers)
