"""The demo's synchronous gRPC door, against a channel whose other end the test plays."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc_testing
import pytest
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from tradeloom.client.v1 import order_service_pb2 as pb

from cli.demo.rpc import GrpcOrders

SERVICE = pb.DESCRIPTOR.services_by_name["OrderService"]
ORDER = {
    "account_id": "018f4a00-0000-7000-8000-000000001001",
    "client_order_id": "a-1",
    "symbol": "EURUSD",
    "side": "SIDE_BUY",
    "type": "ORDER_TYPE_MARKET",
    "quantity": "0.10",
}
PATIENCE_S = 10


@pytest.fixture
def channel(monkeypatch):
    made = grpc_testing.channel([SERVICE], grpc_testing.strict_real_time())
    monkeypatch.setattr(grpc, "insecure_channel", lambda target: made)
    return made


@pytest.fixture
def aside():
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_submit_sends_the_order_with_the_token_and_gives_the_answer_as_rest_would(channel, aside):
    reply = aside.submit(GrpcOrders("http://127.0.0.1:7400", "token").submit, ORDER)
    metadata, request, call = channel.take_unary_unary(SERVICE.methods_by_name["SubmitOrder"])
    call.terminate(pb.SubmitOrderResponse(replayed=True), (), grpc.StatusCode.OK, "")
    assert ("authorization", "Bearer token") in metadata
    assert (request.symbol, request.quantity) == ("EURUSD", "0.10")
    assert reply.result(PATIENCE_S).body["replayed"] is True


def test_submit_when_the_order_is_refused_then_gives_the_reason(channel, aside):
    reply = aside.submit(GrpcOrders("http://127.0.0.1:7400", "token").submit, ORDER)
    _, _, call = channel.take_unary_unary(SERVICE.methods_by_name["SubmitOrder"])
    info = any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(reason="QUANTITY_STEP", domain="tradeloom"))
    refused = rpc_status.to_status(status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message="no", details=[info]))
    call.terminate(None, refused.trailing_metadata, refused.code, refused.details)
    assert reply.result(PATIENCE_S).reason == "QUANTITY_STEP"


def test_exchange_sends_one_item_and_gives_its_answer(channel, aside):
    reply = aside.submit(GrpcOrders("http://127.0.0.1:7400", "token").exchange, {"submit_order": ORDER})
    _, call = channel.take_stream_stream(SERVICE.methods_by_name["ExchangeOrders"])
    assert call.take_request().items[0].submit_order.client_order_id == "a-1"
    answer = pb.ExchangeResult(id=1, submitted=pb.SubmitOrderResponse(replayed=True))
    call.send_response(pb.ExchangeOrdersResponse(items=[answer]))
    call.terminate((), grpc.StatusCode.OK, "")
    assert reply.result(PATIENCE_S).body["replayed"] is True
