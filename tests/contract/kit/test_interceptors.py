"""What every server does around a call, for each of gRPC's four shapes."""

import asyncio
from contextlib import AsyncExitStack, nullcontext

import grpc
import pytest
from prometheus_client import REGISTRY

from services.kernel.errors import EngineError, Kind
from services.kit import telemetry
from services.kit.interceptors import CORRELATION_HEADER, Streams, standard_interceptors
from services.kit.status import error_of_call
from tests.fakes.shapes import NAME, Request, Response, Shapes, ShapesStub

SHAPES = ["unary", "down", "up", "both"]
GOOD, BAD = Request(symbol="EURUSD"), Request(symbol="not a symbol")
WAIT_S = 30


class Server:
    """Serves what a test wants each shape to do, through a channel that adds nothing."""

    def __init__(self, path, stack):
        self._path = path
        self._stack = stack
        self.streams = Streams()

    async def start(self, **behaviours):
        self.server = grpc.aio.server(interceptors=standard_interceptors(self.streams))
        Shapes(**behaviours).register(self.server)
        self.server.add_insecure_port(f"unix:{self._path}")
        await self.server.start()
        self._stack.push_async_callback(self.server.stop, None)
        return ShapesStub(await self._stack.enter_async_context(grpc.aio.insecure_channel(f"unix:{self._path}")))

    async def start_all(self, act):
        """Every shape calls `act()` once, then answers."""

        async def unary(request, context):
            act()
            return Response(digits=1)

        async def down(request, context):
            act()
            yield Response(digits=1)

        async def up(requests, context):
            async for _ in requests:
                act()
            return Response(digits=1)

        async def both(requests, context):
            async for _ in requests:
                act()
                yield Response(digits=1)

        return await self.start(unary=unary, down=down, up=up, both=both)


@pytest.fixture
async def server(tmp_path):
    async with AsyncExitStack() as stack:
        yield Server(tmp_path / "s", stack)


async def ask(stub, shape, request=GOOD, **options):
    """Sends one request in the shape, and gives the responses."""
    options = {"timeout": WAIT_S} | options
    method = getattr(stub, shape)
    call = method(iter([request]), **options) if shape in ("up", "both") else method(request, **options)
    return [response async for response in call] if shape in ("down", "both") else [await call]


def raising(error):
    def act():
        raise error

    return act


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_answer_comes_through(server, shape):
    stub = await server.start_all(lambda: None)
    assert await ask(stub, shape) == [Response(digits=1)]


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_engine_error_reaches_the_caller_whole(server, shape):
    stub = await server.start_all(raising(EngineError(Kind.STALE, "ETAG_OLD", "read it again", etag="7")))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(stub, shape)
    assert caught.value.code() is grpc.StatusCode.ABORTED
    error = error_of_call(caught.value)
    assert (error.kind, error.reason, error.message, error.metadata) == (
        Kind.STALE,
        "ETAG_OLD",
        "read it again",
        {"etag": "7"},
    )


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_unknown_exception_is_internal_and_its_text_stays_here(server, shape):
    stub = await server.start_all(raising(KeyError("secret")))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(stub, shape)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("shape", ["unary", "down"])
async def test_a_request_that_breaks_the_contract_is_refused_before_the_handler_sees_it(server, shape):
    stub = await server.start_all(raising(AssertionError("the handler was called")))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(stub, shape, BAD)
    error = error_of_call(caught.value)
    assert (error.kind, error.reason) == (Kind.INVALID, "FIELD_INVALID")
    assert [field for field, _ in error.violations] == ["symbol"]


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_request_that_is_no_message_is_refused_without_words_of_ours(server, shape):
    stub = await server.start_all(raising(AssertionError("the handler was called")))
    getattr(stub, shape)._request_serializer = lambda raw: raw
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(stub, shape, b"\x0a\xff not a message")
    error = error_of_call(caught.value)
    assert (error.kind, error.reason) == (Kind.INVALID, "REQUEST_MALFORMED")
    assert "DecodeError" not in error.message


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_correlation_id_of_the_caller_is_that_of_the_call(server, shape):
    seen = []
    stub = await server.start_all(lambda: seen.append(telemetry.correlation_id.get()))
    await ask(stub, shape, metadata=((CORRELATION_HEADER, "abc-1"),))
    await ask(stub, shape)
    assert seen[0] == "abc-1"
    assert seen[1] not in ("", "abc-1")


def counted(shape, code):
    labels = {"method": f"/{NAME}/{shape}", "code": code}
    return REGISTRY.get_sample_value("rpc_server_handled_total", labels) or 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, "OK"),
        (EngineError(Kind.LIMITED, "OVERLOADED", "slow down"), "RESOURCE_EXHAUSTED"),
        (KeyError(), "INTERNAL"),
    ],
)
async def test_every_call_is_counted_by_its_code(server, shape, error, code):
    stub = await server.start_all(raising(error) if error else lambda: None)
    before = counted(shape, code)
    with nullcontext() if error is None else pytest.raises(grpc.aio.AioRpcError):
        await ask(stub, shape)
    # The answer leaves before the call is counted.
    await server.server.stop(None)
    assert counted(shape, code) == before + 1


async def test_a_method_that_is_not_there_is_unimplemented(server):
    stub = await server.start()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(stub, "unary")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_when_the_server_stops_then_a_stream_of_responses_ends_and_cleans_up(server):
    cleaned = asyncio.Event()

    async def down(request, context):
        try:
            yield Response(digits=1)
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    stub = await server.start(down=down)
    call = stub.down(GOOD)
    assert await call.read() == Response(digits=1)
    server.streams.end()
    async with asyncio.timeout(WAIT_S):
        assert await call.read() is grpc.aio.EOF
        await cleaned.wait()
    assert await call.code() is grpc.StatusCode.OK


async def test_when_the_server_stops_then_what_a_stream_of_requests_has_in_flight_is_still_answered(server):
    begun, finish = asyncio.Event(), asyncio.Event()

    async def both(requests, context):
        async for _ in requests:
            begun.set()
            await finish.wait()
            yield Response(digits=1)

    stub = await server.start(both=both)
    call = stub.both()
    await call.write(GOOD)
    async with asyncio.timeout(WAIT_S):
        await begun.wait()
        server.streams.end()
        finish.set()
        assert await call.read() == Response(digits=1)
        assert await call.read() is grpc.aio.EOF


async def test_when_the_server_stops_then_an_idle_stream_of_requests_ends(server):
    async def both(requests, context):
        async for _ in requests:
            yield Response(digits=1)

    stub = await server.start(both=both)
    call = stub.both()
    await call.write(GOOD)
    async with asyncio.timeout(WAIT_S):
        assert await call.read() == Response(digits=1)
        server.streams.end()
        assert await call.read() is grpc.aio.EOF


async def test_when_the_server_has_stopped_then_new_streams_end_at_once(server):
    async def down(request, context):
        while True:
            yield Response(digits=1)

    stub = await server.start(down=down)
    server.streams.end()
    assert [response async for response in stub.down(GOOD, timeout=WAIT_S)] == []
