"""A service process from its start to its end."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.kernel.clock import monotonic
from tests.fakes.shapes import NAME, Request, Response, ShapesStub

ROOT = Path(__file__).parents[3]
GOOD = Request(symbol="EURUSD")
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
WAIT_S = 60
GRACE_S = 45


@asynccontextmanager
async def process(**variables):
    environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"} | variables
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fakes.shapes_server",
        env=environ,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


@asynccontextmanager
async def serving(folder, **variables):
    """A process that serves, and a channel to it."""
    address = f"unix:{folder}/s"
    timing = {"SHAPES_DRAIN_S": "0.5", "SHAPES_GRACE_S": str(GRACE_S)}
    async with (
        process(SHAPES_ADDRESS=address, **timing, **variables) as started,
        grpc.aio.insecure_channel(address, options=[("grpc.max_reconnect_backoff_ms", 100)]) as made,
    ):
        await health(made)
        yield started, made


async def health(channel, service=NAME):
    check = health_pb2.HealthCheckRequest(service=service)
    stub = health_pb2_grpc.HealthStub(channel)
    return (await stub.Check(check, wait_for_ready=True, timeout=WAIT_S)).status


async def ended(started):
    """Exit code, and what it wrote."""
    out, err = await asyncio.wait_for(started.communicate(), WAIT_S)
    return started.returncode, out.decode(), err.decode()


async def test_a_process_that_is_told_to_stop_says_so_first_and_then_ends_well(tmp_path):
    async with serving(tmp_path) as (started, channel):
        assert await health(channel) == SERVING
        assert await health(channel, "") == SERVING
        watching = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=NAME))
        assert (await watching.read()).status == SERVING
        started.terminate()
        assert (await asyncio.wait_for(watching.read(), WAIT_S)).status == NOT_SERVING
        watching.cancel()
        assert (await ended(started))[0] == 0


async def test_a_process_that_stops_finishes_what_is_in_flight(tmp_path):
    async with serving(tmp_path) as (started, channel):
        call = ShapesStub(channel).unary(GOOD, timeout=WAIT_S)
        await call.wait_for_connection()
        started.terminate()
        assert await call == Response(digits=7)
        assert (await ended(started))[0] == 0


async def test_a_process_that_stops_ends_its_open_streams_and_does_not_wait_for_their_readers(tmp_path):
    async with serving(tmp_path) as (started, channel):
        stub = ShapesStub(channel)
        quiet, talk = stub.down(GOOD), stub.both()
        assert await quiet.read() == Response(digits=1)
        await talk.write(GOOD)
        assert await talk.read() == Response(digits=2)
        began = monotonic()
        started.terminate()
        async with asyncio.timeout(WAIT_S):
            assert await quiet.read() is grpc.aio.EOF
            assert await talk.read() is grpc.aio.EOF
        assert (await ended(started))[0] == 0
        assert monotonic() - began < GRACE_S


async def test_a_process_lists_its_services_by_reflection(tmp_path):
    async with serving(tmp_path) as (_, channel):
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        names = [service.name for service in (await call.read()).list_services_response.service]
        call.cancel()
    assert {NAME, "grpc.health.v1.Health"} <= set(names)


async def test_a_process_whose_background_fails_ends_so_that_it_is_started_afresh(tmp_path):
    async with process(SHAPES_ADDRESS=f"unix:{tmp_path}/s", SHAPES_FAIL="yes", SHAPES_DRAIN_S="0") as started:
        code, _, err = await ended(started)
    assert code == 1
    assert "the background failed" in err


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "shapes: variable SHAPES_ADDRESS is missing"),
        ({"SHAPES_ADDRESS": "unix:/tmp/x", "SHAPES_COLOUR": "red"}, "shapes: unknown variable SHAPES_COLOUR"),
    ],
)
async def test_a_process_that_is_told_nonsense_refuses_to_start_with_one_sentence(variables, sentence):
    async with process(**variables) as started:
        code, _, err = await ended(started)
    assert code == 2
    assert err.startswith(sentence)
    assert len(err.splitlines()) == 1
