"""The stream server as a process of its own, on a real Redis."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import websockets
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.identity.domain.session import Session, User
from services.identity.tokens import Ed25519Signer
from services.kernel.clock import utc_now
from services.kernel.ids import new_id
from services.kit.bus import connect_bus
from tests.fakes.quotes import FakeQuotes, FakeReference, settings
from tests.fakes.stream_upstreams import ACCOUNT, OWNER, FakeBooks, FakeIdentity
from tests.fakes.wire import serving

ROOT = Path(__file__).parents[3]
WAIT_S = 30.0


@dataclass
class Running:
    """The process, and what it stands on."""

    process: asyncio.subprocess.Process
    url: str
    ticket: str
    books: FakeBooks


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def start(environment: dict[str, str]) -> asyncio.subprocess.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STREAM_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.stream",
        cwd=ROOT,
        env={**clean, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


def environment(folder: Path, upstream: str, bus_url: str, port: int) -> dict[str, str]:
    peers = {f"STREAM_{name}_ADDRESS": upstream for name in ("OMS", "LP_MANAGER", "REFERENCE", "IDENTITY")}
    return {
        **peers,
        "STREAM_ADDRESS": f"unix:{folder / 's.sock'}",
        "STREAM_WEBSOCKET_ADDRESS": f"127.0.0.1:{port}",
        "STREAM_BUS_URL": bus_url,
        "STREAM_ISSUER": "tradeloom",
        "STREAM_DRAIN_S": "0",
    }


@pytest.fixture
async def running(tmp_path: Path, redis_url: str) -> AsyncIterator[Running]:
    signer = Ed25519Signer(Ed25519PrivateKey.generate(), "tradeloom", new_id)
    session = Session(new_id(), User(UUID(OWNER), "demo", "trader", ("trader",)), False)
    ticket = signer.sign(session, "stream", utc_now(), utc_now() + timedelta(seconds=60))
    books, port = FakeBooks(), free_port()
    upstreams = (FakeIdentity(signer.jwks()), books, FakeQuotes(), FakeReference(settings("EURUSD")))
    async with serving(tmp_path / "u.sock", *(fake.register for fake in upstreams)) as upstream:
        process = await start(environment(tmp_path, upstream, redis_url, port))
        try:
            yield Running(process, f"ws://127.0.0.1:{port}/v1/stream", ticket, books)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


@asynccontextmanager
async def connected(running: Running) -> AsyncIterator[websockets.ClientConnection]:
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                connection = await websockets.connect(running.url)
                break
            except OSError:
                assert running.process.returncode is None
                await asyncio.sleep(0.05)
    async with connection:
        yield connection


async def ask(connection: websockets.ClientConnection, **message: str) -> dict[str, object]:
    await connection.send(json.dumps({"id": "1", **message}))
    return await heard(connection, "op")


async def heard(connection: websockets.ClientConnection, kind: str) -> dict[str, object]:
    async with asyncio.timeout(WAIT_S):
        while True:
            message: dict[str, object] = json.loads(await connection.recv())
            if kind in message and message.get("ch") != "heartbeat":
                return message


@pytest.mark.needs_redis
async def test_an_account_event_on_redis_reaches_the_client_and_sigterm_says_goodbye(
    running: Running, redis_url: str
) -> None:
    async with connected(running) as connection, connect_bus(redis_url) as bus:
        assert (await ask(connection, op="auth", ticket=running.ticket))["ok"]
        assert (await ask(connection, op="subscribe", channel="account", account_id=ACCOUNT))["ok"]
        assert (await heard(connection, "ch"))["type"] == "snapshot"

        await bus.publish([running.books.commit()])

        delta = await heard(connection, "ch")
        assert (delta["type"], delta["seq"]) == ("delta", 1)

        running.process.send_signal(signal.SIGTERM)

        async with asyncio.timeout(WAIT_S):
            await connection.wait_closed()
            assert await running.process.wait() == 0
        assert connection.close_code == 1001


async def test_start_when_the_configuration_is_wrong_then_one_sentence_and_code_2() -> None:
    process = await start({"STREAM_ADDRESS": "127.0.0.1:0", "STREAM_COLOUR": "red"})

    _, stderr = await asyncio.wait_for(process.communicate(), WAIT_S)

    assert process.returncode == 2
    assert b"STREAM_COLOUR" in stderr
    assert len(stderr.splitlines()) == 1
