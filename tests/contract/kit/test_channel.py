"""Channels: deadlines that nest, errors as `EngineError`, the correlation id handed on."""

import asyncio

import grpc
import pytest

from services.kernel.clock import monotonic
from services.kernel.errors import EngineError, Kind
from services.kit import telemetry
from services.kit.channel import channel
from services.kit.deadline import SHAVE_S, deadline_at
from tests.fakes.shapes import Request, Response, Shapes, ShapesStub
from tests.fakes.wire import serving

GOOD = Request(symbol="EURUSD")
# gRPC sends a deadline with three digits, rounded up.
ROUNDING_S = 0.011


async def hang(request, context):
    await asyncio.Event().wait()


def telling_time_left(seen):
    async def unary(request, context):
        seen.append(context.time_remaining())
        return Response()

    return unary


async def test_a_unary_call_has_the_channels_deadline(tmp_path):
    seen = []
    service = Shapes(unary=telling_time_left(seen))
    async with serving(tmp_path / "s", service.register) as address:
        for deadlines in ({}, {"deadline_s": 7}):
            async with channel(address, **deadlines) as made:
                await ShapesStub(made).unary(GOOD)
    assert 0 < seen[0] <= 0.5 + ROUNDING_S
    assert 5 < seen[1] <= 7 + ROUNDING_S


async def test_a_deadline_of_the_call_itself_goes_before_the_channels(tmp_path):
    seen = []
    service = Shapes(unary=telling_time_left(seen))
    async with serving(tmp_path / "s", service.register) as address, channel(address) as made:
        await ShapesStub(made).unary(GOOD, timeout=9)
    assert 5 < seen[0] <= 9 + ROUNDING_S


async def test_a_call_within_a_call_gets_less_time_than_its_caller_has_left(tmp_path):
    seen = []
    inner = Shapes(unary=telling_time_left(seen))
    async with serving(tmp_path / "i", inner.register) as inner_address, channel(inner_address, deadline_s=60) as down:

        async def unary(request, context):
            before = context.time_remaining()
            await ShapesStub(down).unary(GOOD)
            seen.append(before)
            return Response()

        async with serving(tmp_path / "o", Shapes(unary=unary).register) as address, channel(address) as made:
            await ShapesStub(made).unary(GOOD, timeout=5)
    inner_left, outer_left = seen
    assert 1 < inner_left <= outer_left - SHAVE_S + ROUNDING_S


async def test_a_call_out_of_time_is_a_timeout(tmp_path):
    service = Shapes(unary=hang)
    async with serving(tmp_path / "s", service.register) as address, channel(address, deadline_s=0.05) as made:
        with pytest.raises(EngineError) as caught:
            await ShapesStub(made).unary(GOOD)
    assert caught.value.kind is Kind.TIMEOUT


async def test_a_call_whose_caller_has_no_time_left_fails_at_once(tmp_path):
    async with serving(tmp_path / "s", Shapes(unary=hang).register) as address, channel(address, deadline_s=60) as made:
        token = deadline_at.set(monotonic() - 1)
        try:
            async with asyncio.timeout(10):
                with pytest.raises(EngineError) as caught:
                    await ShapesStub(made).unary(GOOD)
        finally:
            deadline_at.reset(token)
    assert caught.value.kind is Kind.TIMEOUT


async def test_an_error_keeps_its_kind_reason_and_metadata(tmp_path):
    async def unary(request, context):
        raise EngineError(Kind.CONFLICT, "KEY_REUSED", "the key was used", violations=(("key", "used"),), key="k1")

    async with serving(tmp_path / "s", Shapes(unary=unary).register) as address, channel(address) as made:
        with pytest.raises(EngineError) as caught:
            await ShapesStub(made).unary(GOOD)
    error = caught.value
    assert (error.kind, error.reason, error.message) == (Kind.CONFLICT, "KEY_REUSED", "the key was used")
    assert (error.metadata, error.violations) == ({"key": "k1"}, (("key", "used"),))


async def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    async with channel(f"unix:{tmp_path}/nobody") as made:
        with pytest.raises(EngineError) as caught:
            await ShapesStub(made).unary(GOOD)
    assert caught.value.kind is Kind.UNAVAILABLE


async def test_the_correlation_id_is_handed_on(tmp_path):
    seen = []

    async def unary(request, context):
        seen.append(telemetry.correlation_id.get())
        return Response()

    async with serving(tmp_path / "s", Shapes(unary=unary).register) as address, channel(address) as made:
        token = telemetry.correlation_id.set("abc-1")
        try:
            await ShapesStub(made).unary(GOOD)
        finally:
            telemetry.correlation_id.reset(token)
    assert seen == ["abc-1"]


async def test_a_stream_has_no_deadline_and_fails_with_grpcs_own_error(tmp_path):
    seen = []

    async def down(request, context):
        seen.append(context.time_remaining())
        yield Response()
        raise EngineError(Kind.UNAVAILABLE, "GONE", "gone")

    async with serving(tmp_path / "s", Shapes(down=down).register) as address, channel(address) as made:
        call = ShapesStub(made).down(GOOD)
        assert await call.read() == Response()
        with pytest.raises(grpc.aio.AioRpcError):
            await call.read()
    assert seen == [None]
