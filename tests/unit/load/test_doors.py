"""The doors against small servers of our own, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from google.rpc import code_pb2, status_pb2
from tradeloom.client.v1 import order_service_pb2 as pb

from tests.load import echo
from tests.load.doors import RestDoor, StreamDoor, UnaryDoor, rest_outcome, status_outcome
from tests.load.http_client import Pool, parsed, request
from tests.load.orders import Orders
from tests.load.pacer import Schedule
from tests.load.run import at_full_speed, at_rate
from tests.load.tally import Outcome, Tally

ACCOUNTS = tuple(f"018f4a00-0000-7000-8000-00000000000{digit}" for digit in range(3))
FILLED = b'{"order":{"state":"ORDER_STATE_FILLED"}}'
REJECTED = b'{"order":{"state":"ORDER_STATE_REJECTED","reject_reason":"REJECT_REASON_NO_ROUTE"}}'


def http(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@asynccontextmanager
async def http_server(*answers: bytes) -> AsyncIterator[str]:
    """Gives each request the next answer, the last one for ever; an empty answer closes the connection."""
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(size)
                answer = answers[min(served, len(answers) - 1)]
                served += 1
                if not answer:
                    return
                writer.write(answer)
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def echo_channel() -> AsyncIterator[grpc.aio.Channel]:
    server, port = await echo.start("127.0.0.1:0")
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


async def test_rest_orders_are_answered_and_told_apart() -> None:
    tally = Tally(10)
    answers = http(200, FILLED), http(200, REJECTED), http(404, b"{}"), http(503, b"busy")
    async with (
        http_server(*answers) as url,
        RestDoor(url, "token", Orders("run", ACCOUNTS), tally, connections=1) as door,
    ):
        for number in range(4):
            door.send(number, 0.0)
        assert await tally.all_answered(5)
    assert list(tally.outcomes[:4]) == [Outcome.FILLED, Outcome.REJECTED, Outcome.REFUSED, Outcome.UNKNOWN]
    assert tally.reasons == {"REJECT_REASON_NO_ROUTE": 1, "HTTP_404": 1, "HTTP_503": 1}


async def test_when_the_connection_breaks_the_outcome_is_unknown() -> None:
    tally = Tally(10)
    async with http_server(b"") as url, RestDoor(url, "", Orders("run", ACCOUNTS), tally, connections=2) as door:
        for number in range(3):
            door.send(number, 0.0)
        assert await tally.all_answered(5)
    assert tally.count(Outcome.UNKNOWN) == 3


async def test_a_call_that_finds_no_free_connection_waits_for_one() -> None:
    answered: list[int] = []
    done = asyncio.Event()

    def take(status: int, _: bytes) -> None:
        answered.append(status)
        if len(answered) == 5:
            done.set()

    async with http_server(http(200, FILLED)) as url, Pool(url, 1) as pool:
        for _ in range(5):
            pool.call(request(pool.host, "/", b"{}"), take)
        await asyncio.wait_for(done.wait(), 5)
    assert answered == [200] * 5


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Le", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", None),
        (b"HTTP/1.1 409 Conflict\r\ncontent-length: 3\r\n\r\nabc", (409, b"abc")),
        (b"HTTP/1.1 204 x\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", (200, b"2\r\nab\r\n0\r\n\r\n")),
    ],
)
def test_a_response_is_read_when_it_is_all_there(received: bytes, expected: tuple[int, bytes] | None) -> None:
    assert parsed(received) == expected


async def test_unary_orders_run_at_the_rate() -> None:
    tally = Tally(200)
    async with echo_channel() as channel:
        call = channel.unary_unary(
            echo.UNARY, pb.SubmitOrderRequest.SerializeToString, pb.SubmitOrderResponse.FromString
        )
        door = UnaryDoor(call, "", Orders("run", ACCOUNTS), tally)
        figures = await at_rate("unary", door, tally, Schedule(rate=200, seconds=0.25))
    assert tally.sent == tally.answered == tally.count(Outcome.FILLED) == 55
    assert tally.latency.count == 50
    assert figures.unanswered == 0
    assert 0 < figures.latency["p50"] <= figures.latency["max"]


async def test_streamed_orders_are_each_answered_once() -> None:
    tally = Tally(2_000)
    async with echo_channel() as channel:
        call = channel.stream_stream(
            echo.STREAM, pb.ExchangeOrdersRequest.SerializeToString, pb.ExchangeOrdersResponse.FromString
        )
        door = StreamDoor(call, "", Orders("run", ACCOUNTS), tally)
        figures = await at_full_speed("stream", door, tally, window=50, seconds=0.2)
    assert tally.sent == tally.answered == tally.count(Outcome.FILLED) > 50
    assert figures.achieved > 0


async def test_when_the_stream_breaks_what_is_in_flight_is_unknown() -> None:
    tally = Tally(10)
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        call = channel.stream_stream(
            echo.STREAM, pb.ExchangeOrdersRequest.SerializeToString, pb.ExchangeOrdersResponse.FromString
        )
        async with StreamDoor(call, "", Orders("run", ACCOUNTS), tally) as door:
            for number in range(3):
                door.send(number, 0.0)
                assert await tally.all_answered(10)
    assert tally.count(Outcome.UNKNOWN) == 3


def test_a_code_that_leaves_the_outcome_open_is_unknown() -> None:
    unavailable = status_pb2.Status(code=code_pb2.UNAVAILABLE, message="gone")
    assert status_outcome(unavailable) == (Outcome.UNKNOWN, "UNAVAILABLE: gone")
    overloaded = status_pb2.Status(code=code_pb2.RESOURCE_EXHAUSTED)
    assert status_outcome(overloaded)[0] is Outcome.REFUSED


def test_an_answer_that_is_not_json_leaves_the_outcome_open() -> None:
    assert rest_outcome(502, b"<html>") == (Outcome.UNKNOWN, "HTTP_502")


def test_the_orders_of_an_account_buy_and_sell_in_turn() -> None:
    orders = Orders("run", ACCOUNTS)
    sides = [orders.side(number) for number in range(9) if orders.account_id(number) == ACCOUNTS[0]]
    assert sides == [1, 2, 1]
    assert orders.number(orders.client_order_id(7)) == 7
    assert orders.number("other-7") is None
