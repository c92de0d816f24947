"""What the machine itself costs, measured in the same run: an empty RPC, and one durable commit."""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable

import asyncpg
import grpc
from tradeloom.client.v1 import order_service_pb2 as pb

from tests.load import echo
from tests.load.children import child
from tests.load.database import scratch_database
from tests.load.doors import StreamDoor, UnaryDoor
from tests.load.histogram import Histogram
from tests.load.orders import Orders
from tests.load.pacer import Schedule
from tests.load.run import Figures, at_rate
from tests.load.system import System
from tests.load.tally import Tally

_RATE = 1_000.0
_PAUSE_S = 0.002
_COMMITS_MAX = 1_000
_BLOCK = b"\x00" * 1024
_NOBODY = "018f4a00-0000-7000-8000-000000000000"


async def empty_rpc(seconds: float) -> list[Figures]:
    """A unary echo and an echo over one stream, at the rate of the orders, without the gateway."""
    orders, schedule = Orders("floor", (_NOBODY,)), Schedule(_RATE, seconds)
    async with child("tests.load.echo") as server, grpc.aio.insecure_channel(server.said) as channel:
        unary = channel.unary_unary(
            echo.UNARY, pb.SubmitOrderRequest.SerializeToString, pb.SubmitOrderResponse.FromString
        )
        stream = channel.stream_stream(
            echo.STREAM, pb.ExchangeOrdersRequest.SerializeToString, pb.ExchangeOrdersResponse.FromString
        )
        tally = _tally(schedule)
        first = await at_rate(
            "floor: empty unary RPC", UnaryDoor(unary, "", orders, tally), tally, schedule, server.cpu_seconds
        )
        tally = _tally(schedule)
        second = await at_rate(
            "floor: empty RPC over a stream", StreamDoor(stream, "", orders, tally), tally, schedule, server.cpu_seconds
        )
    return [first, second]


async def durable_commit(system: System, seconds: float) -> Figures:
    """One row inserted and committed on the same PostgreSQL server, one after the other."""
    async with scratch_database(system, "load_floor") as url:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("CREATE TABLE entry (id bigint PRIMARY KEY, body text NOT NULL)")
            insert = await connection.prepare("INSERT INTO entry VALUES ($1, $2)")

            async def commit(number: int) -> None:
                await insert.fetch(number, "x" * 200)

            return await _one_by_one("floor: one durable commit", commit, seconds)
        finally:
            await connection.close()


async def disk_write(system: System, seconds: float) -> Figures:
    """One kilobyte written and flushed to the same disk."""
    with tempfile.TemporaryFile(dir=system.data_dir) as file:
        file.write(_BLOCK * 4096)
        file.flush()
        os.fsync(file.fileno())

        async def flush(number: int) -> None:
            os.pwrite(file.fileno(), _BLOCK, number % 4096 * len(_BLOCK))
            os.fdatasync(file.fileno())

        return await _one_by_one("floor: 1 kB flushed to the disk", flush, seconds)


def _tally(schedule: Schedule) -> Tally:
    return Tally(schedule.count * 2)


async def _one_by_one(name: str, step: Callable[[int], Awaitable[None]], seconds: float) -> Figures:
    latency, started = Histogram(), time.perf_counter()
    while latency.count < _COMMITS_MAX and time.perf_counter() - started < seconds:
        before = time.perf_counter()
        await step(latency.count)
        latency.record(time.perf_counter() - before)
        await asyncio.sleep(_PAUSE_S)
    return Figures(name, offered=0.0, achieved=1 / latency.mean, latency=latency.milliseconds())
