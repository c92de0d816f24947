"""How to see that a process is ready: each probe raises until it is."""

import asyncio
from urllib.parse import unquote, urlsplit

import asyncpg
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from local.component import Probe

PROBE_S = 2.0


class NotReadyError(Exception):
    """The component answers, but not that it is ready."""


def tcp(host: str, port: int) -> Probe:
    """Ready when something listens."""

    async def probe() -> None:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PROBE_S)
        writer.close()
        await writer.wait_closed()

    return probe


def http(host: str, port: int, path: str) -> Probe:
    """Ready when the page answers 200."""

    async def probe() -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PROBE_S)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            status = await asyncio.wait_for(reader.readline(), PROBE_S)
        finally:
            writer.close()
        if b" 200 " not in status:
            raise NotReadyError(status.decode(errors="replace").strip())

    return probe


def grpc_health(address: str) -> Probe:
    """Ready when the standard health service says SERVING."""

    async def probe() -> None:
        host, _, port = address.rpartition(":")
        await tcp(host, int(port))()  # much cheaper than a channel while nothing listens yet
        async with grpc.aio.insecure_channel(address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=PROBE_S)
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise NotReadyError(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))

    return probe


def postgres(url: str) -> Probe:
    """Ready when a statement is answered."""

    async def probe() -> None:
        connection = await asyncpg.connect(url, timeout=PROBE_S)
        try:
            await connection.fetchval("SELECT 1")
        finally:
            await connection.close()

    return probe


def redis(url: str) -> Probe:
    """Ready when PING is answered; loading its data it answers something else."""

    async def probe() -> None:
        reader, writer = await asyncio.wait_for(_connect(url), PROBE_S)
        try:
            writer.write(b"PING\r\n")
            answer = await asyncio.wait_for(reader.readline(), PROBE_S)
        finally:
            writer.close()
        if answer != b"+PONG\r\n":
            raise NotReadyError(answer.decode(errors="replace").strip())

    return probe


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return await asyncio.open_unix_connection(unquote(parts.path))
    return await asyncio.open_connection(parts.hostname, parts.port or 6379)
