"""A real gRPC server on a unix socket, with the interceptors that every service has."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from services.kit.interceptors import standard_interceptors


@asynccontextmanager
async def serving(path: Path, *registers: Callable[[grpc.aio.Server], str]) -> AsyncIterator[str]:
    """Serve until the block ends; gives the address. Calls that still run are cut off."""
    server = grpc.aio.server(interceptors=standard_interceptors())
    for register in registers:
        register(server)
    address = f"unix:{path}"
    server.add_insecure_port(address)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(None)
