import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from tradeloom.client.v1 import order_service_pb2 as pb

from cli.demo.refusals import forged, unsigned
from cli.demo.reply import Reply, Unavailable, patiently
from cli.demo.rest import RestClient
from cli.demo.rpc import GrpcWebOrders, framed, unframed


class _Answers(BaseHTTPRequestHandler):
    """Gives the next answer of the server; without one, closes the connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        answers = self.server.answers  # type: ignore[attr-defined]
        if not answers:
            self.close_connection = True
            return
        status, headers, body = answers.pop(0)
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Server(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.answers: list[tuple[int, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_refusal_over_rest_has_its_reason(server: Server) -> None:
    told = {"code": 5, "message": "no", "details": [{"@type": "x", "reason": "SYMBOL_UNKNOWN"}]}
    server.answers.append((404, {}, json.dumps(told).encode()))
    reply = RestClient(server.url).post("/v1/x", {})
    assert (reply.code, reply.reason, reply.http_status) == ("NOT_FOUND", "SYMBOL_UNKNOWN", 404)


def test_a_call_is_repeated_until_the_outcome_is_known(server: Server) -> None:
    server.answers += [(503, {}, b"no upstream"), (200, {}, b'{"a": 1}')]
    reply = RestClient(server.url).post("/v1/x", {})
    assert (reply.ok, reply.body, reply.attempts) == (True, {"a": 1}, 2)


def test_a_connection_that_breaks_leaves_the_outcome_open(server: Server) -> None:
    reply = RestClient(server.url).send("POST", "/v1/x", b"{}")
    assert (reply.code, reply.reason) == ("UNAVAILABLE", "NO_CONNECTION")


def test_patience_ends() -> None:
    with pytest.raises(Unavailable, match="DEADLINE_EXCEEDED"):
        patiently(lambda: Reply("DEADLINE_EXCEEDED"), patience_s=0.1)


def test_a_grpc_web_answer_is_a_frame_and_trailers(server: Server) -> None:
    answer = pb.SubmitOrderResponse(replayed=True)
    trailers = b"grpc-status:0\r\n"
    body = framed(answer.SerializeToString()) + b"\x80" + len(trailers).to_bytes(4, "big") + trailers
    server.answers.append((200, {}, body))
    reply = GrpcWebOrders(server.url, "token").submit({"account_id": "a"})
    assert (reply.ok, reply.body["replayed"]) == (True, True)


def test_a_grpc_web_refusal_may_be_in_the_headers_alone(server: Server) -> None:
    status = status_pb2.Status(code=6, message="used", details=[any_pb2.Any()])
    status.details[0].Pack(error_details_pb2.ErrorInfo(reason="CLIENT_ORDER_ID_REUSED"))
    details = base64.b64encode(status.SerializeToString()).rstrip(b"=").decode()
    server.answers.append((200, {"grpc-status": "6", "grpc-status-details-bin": details}, b""))
    reply = GrpcWebOrders(server.url, "token").submit({"account_id": "a"})
    assert (reply.code, reply.reason) == ("ALREADY_EXISTS", "CLIENT_ORDER_ID_REUSED")


def test_a_grpc_web_refusal_of_the_gateway_is_json(server: Server) -> None:
    body = b'{"code": 16, "message": "Jwt is expired", "details": [{"reason": "TOKEN_EXPIRED"}]}'
    server.answers.append((401, {"content-type": "application/json"}, body))
    reply = GrpcWebOrders(server.url, "token").submit({"account_id": "a"})
    assert (reply.code, reply.reason) == ("UNAUTHENTICATED", "TOKEN_EXPIRED")


@pytest.mark.parametrize("body", [b"\x00\x00", b"\x00\x00\x00\x00\x05ab"])
def test_a_grpc_web_answer_that_is_cut_short_is_not_an_answer(body: bytes) -> None:
    with pytest.raises(ValueError, match="ends within"):
        unframed(body)


def test_the_bad_tokens_are_what_they_are_meant_to_be() -> None:
    key = "0123456789abcdef0123456789abcdef"
    token = jwt.encode({"sub": "me"}, key, algorithm="HS256")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged(token), key, algorithms=["HS256"])
    assert jwt.get_unverified_header(unsigned(token))["alg"] == "none"
    assert jwt.decode(unsigned(token), options={"verify_signature": False}) == {"sub": "me"}
