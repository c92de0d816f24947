"""The gRPC and gRPC-Web doors."""

import base64
import http.client
import json
import struct
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import order_service_pb2_grpc as rpc

from cli.demo.reply import Json, Reply, refusal
from cli.demo.rest import connect

_TIMEOUT_S = 10.0
_FRAME = struct.Struct(">BI")
_TRAILERS = 0x80
_PATH = "/tradeloom.client.v1.OrderService/"


def as_json(message: Message) -> Json:
    """The message in the JSON shape that REST has."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


class GrpcOrders:
    """OrderService over gRPC."""

    def __init__(self, gateway: str, token: str) -> None:
        self._channel = grpc.insecure_channel(urlsplit(gateway).netloc)
        self._stub = rpc.OrderServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {token}"),)

    def submit(self, order: Json) -> Reply:
        """SubmitOrder."""
        return self._unary(self._stub.SubmitOrder, ParseDict(order, pb.SubmitOrderRequest()))

    def close_position(self, order: Json) -> Reply:
        """ClosePosition."""
        return self._unary(self._stub.ClosePosition, ParseDict(order, pb.ClosePositionRequest()))

    def exchange(self, item: Json) -> Reply:
        """One item over ExchangeOrders; its answer as the unary method would have given it."""
        request = pb.ExchangeOrdersRequest(items=[ParseDict({"id": 1, **item}, pb.ExchangeItem())])
        started = time.perf_counter()
        try:
            call = self._stub.ExchangeOrders(iter([request]), metadata=self._metadata, timeout=_TIMEOUT_S)
            answers: Iterator[pb.ExchangeOrdersResponse] = iter(call)
            result = next(answers).items[0]
        except StopIteration:
            return Reply("UNAVAILABLE", "OUTCOME_UNKNOWN", "the stream ended without an answer")
        except grpc.RpcError as error:
            return _failed(error, _ms(started))
        kind = result.WhichOneof("result")
        if kind == "error":
            return _refused(result.error, _ms(started))
        return Reply("OK", body=as_json(getattr(result, kind)), ms=_ms(started))

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def _unary(self, method: Any, request: Message) -> Reply:
        started = time.perf_counter()
        try:
            answer = method(request, metadata=self._metadata, timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            return _failed(error, _ms(started))
        return Reply("OK", body=as_json(answer), ms=_ms(started))


class GrpcWebOrders:
    """OrderService over gRPC-Web: HTTP/1.1, one frame there, a frame and the trailers back."""

    def __init__(self, gateway: str, token: str) -> None:
        self._address = urlsplit(gateway)
        self._headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/grpc-web+proto",
            "x-grpc-web": "1",
        }

    def submit(self, order: Json) -> Reply:
        """SubmitOrder."""
        return self._unary("SubmitOrder", ParseDict(order, pb.SubmitOrderRequest()), pb.SubmitOrderResponse())

    def close_position(self, order: Json) -> Reply:
        """ClosePosition."""
        return self._unary("ClosePosition", ParseDict(order, pb.ClosePositionRequest()), pb.ClosePositionResponse())

    def _unary(self, method: str, request: Message, answer: Message) -> Reply:
        started = time.perf_counter()
        try:
            headers, body = self._post(method, framed(request.SerializeToString()))
            if headers.get("content-type", "").startswith("application/json"):
                return refusal(json.loads(body), _ms(started))  # The gateway refused it before it took it for gRPC-Web.
            payload, trailers = unframed(body)
            answer.ParseFromString(payload)
        except (OSError, http.client.HTTPException, DecodeError, ValueError) as error:
            return Reply("UNAVAILABLE", "NO_CONNECTION", f"{type(error).__name__}: {error}")
        ended = {**headers, **trailers}
        if ended.get("grpc-status") == "0":
            return Reply("OK", body=as_json(answer), ms=_ms(started))
        return _refused(_status_of(ended), _ms(started))

    def _post(self, method: str, body: bytes) -> tuple[dict[str, str], bytes]:
        connection = connect(self._address.hostname or "", self._address.port)
        try:
            connection.request("POST", _PATH + method, body=body, headers=self._headers)
            response = connection.getresponse()
            return {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()


def framed(payload: bytes) -> bytes:
    """The payload as one gRPC-Web data frame."""
    return _FRAME.pack(0, len(payload)) + payload


def unframed(body: bytes) -> tuple[bytes, dict[str, str]]:
    """The payload and the trailers that a gRPC-Web answer holds."""
    payload, trailers, at = b"", {}, 0
    while at < len(body):
        if len(body) - at < _FRAME.size:
            raise ValueError("the answer ends within the head of a frame")
        kind, size = _FRAME.unpack_from(body, at)
        frame = body[at + _FRAME.size : at + _FRAME.size + size]
        if len(frame) != size:
            raise ValueError("the answer ends within a frame")
        at += _FRAME.size + size
        if kind & _TRAILERS:
            lines = [line.split(":", 1) for line in frame.decode().split("\r\n") if ":" in line]
            trailers = {name.strip().lower(): value.strip() for name, value in lines}
        else:
            payload += frame
    return payload, trailers


def _status_of(ended: dict[str, str]) -> status_pb2.Status:
    details = ended.get("grpc-status-details-bin")
    if details:
        padded = details + "=" * (-len(details) % 4)
        return status_pb2.Status.FromString(base64.b64decode(padded))
    number = int(ended.get("grpc-status", code_pb2.UNAVAILABLE))
    return status_pb2.Status(code=number, message=unquote(ended.get("grpc-message", "no status in the answer")))


def _failed(error: grpc.RpcError, ms: float) -> Reply:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        code = error.code()  # type: ignore[attr-defined]
        status = status_pb2.Status(code=code.value[0], message=error.details())  # type: ignore[attr-defined]
    return _refused(status, ms)


def _refused(status: status_pb2.Status, ms: float) -> Reply:
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
    told = {"code": status.code, "message": status.message, "details": [{"reason": info.reason}]}
    return refusal(told, ms)


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
