"""A real stream server on TCP, with real gRPC servers behind that the tests play."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import websockets
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from websockets.asyncio.client import ClientConnection

from services.identity.domain.session import Session, User
from services.identity.tokens import Ed25519Signer
from services.kernel.clock import utc_now
from services.kernel.ids import new_id
from services.stream.api import StreamService
from services.stream.config import StreamConfig
from services.stream.handlers.connection import Patience
from services.stream.main import Stream, assemble
from tests.fakes.bus import MemoryBus
from tests.fakes.quotes import FakeQuotes, FakeReference, settings
from tests.fakes.stream_upstreams import FakeBooks, FakeIdentity
from tests.fakes.wire import serving

WAIT_S = 10.0
ORIGIN = "https://terminal.example"
TRADER = UUID("018f4a00-0000-7000-8000-000000000001")
STRANGER = UUID("018f4a00-0000-7000-8000-000000000002")
PATIENCE = Patience(authenticate_s=5, subscribe_s=5, session_s=600, stall_s=30)

Json = dict[str, Any]


class Client:
    """A WebSocket client that sorts what it gets by channel."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._waiting: list[Json] = []

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def ask(self, **message: Any) -> Json:
        """Sends a message and returns what answers it."""
        await self.say(**message)
        return await self.until(lambda heard: heard.get("id") == message["id"] and "op" in heard)

    async def authenticate(self, ticket: str) -> Json:
        return await self.ask(op="auth", id="auth", ticket=ticket)

    async def quotes(self) -> Json:
        return await self.until(lambda heard: heard.get("ch") == "quotes")

    async def account(self) -> Json:
        return await self.until(lambda heard: heard.get("ch") == "account")

    async def until(self, wanted: Callable[[Json], bool]) -> Json:
        """The next message that is wanted; others keep waiting in their order."""
        for at, heard in enumerate(self._waiting):
            if wanted(heard):
                return self._waiting.pop(at)
        async with asyncio.timeout(WAIT_S):
            while True:
                heard = json.loads(await self.connection.recv())
                if wanted(heard):
                    return heard
                self._waiting.append(heard)

    async def closed(self) -> tuple[int, str]:
        """The code and reason that the server closes with."""
        async with asyncio.timeout(WAIT_S):
            await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""


@dataclass
class World:
    """The server and everything around it."""

    folder: Path
    patience: Patience = PATIENCE
    quotes: FakeQuotes = field(default_factory=FakeQuotes)
    reference: FakeReference = field(default_factory=lambda: FakeReference(settings("EURUSD"), settings("USDJPY", 3)))
    books: FakeBooks = field(default_factory=FakeBooks)
    bus: MemoryBus = field(default_factory=MemoryBus)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    port: int = 0
    grpc_address: str = ""
    stream: Stream = field(init=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        identity = FakeIdentity(Ed25519Signer(self.key, "tradeloom", new_id).jwks())
        async with AsyncExitStack() as stack:
            upstream = await stack.enter_async_context(
                serving(
                    self.folder / "u.sock",
                    self.quotes.register,
                    self.reference.register,
                    self.books.register,
                    identity.register,
                )
            )
            self.stream = await assemble(stack, self._config(upstream), self.bus, self.patience)
            self.port = await self.stream.websockets.start("127.0.0.1:0")
            tasks = [asyncio.create_task(start()) for start in self.stream.background]
            service = StreamService(self.stream.statistics)
            self.grpc_address = await stack.enter_async_context(serving(self.folder / "s.sock", service.register))
            try:
                yield self
            finally:
                await self.stream.websockets.stop()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.bus.close()

    def _config(self, upstream: str) -> StreamConfig:
        return StreamConfig(
            address="",
            websocket_address="",
            bus_url="",
            oms_address=upstream,
            lp_manager_address=upstream,
            reference_address=upstream,
            identity_address=upstream,
            issuer="tradeloom",
            origins=(ORIGIN,),
        )

    @asynccontextmanager
    async def connected(self, **options: Any) -> AsyncIterator[Client]:
        """A client that has said nothing yet."""
        url = f"ws://127.0.0.1:{self.port}/v1/stream"
        async with websockets.connect(url, **{"compression": None, **options}) as connection:
            yield Client(connection)

    @asynccontextmanager
    async def authenticated(self, user_id: UUID = TRADER, **options: Any) -> AsyncIterator[Client]:
        """A client that may subscribe."""
        async with self.connected(**options) as client:
            assert (await client.authenticate(self.ticket(user_id)))["ok"]
            yield client

    def ticket(self, user_id: UUID = TRADER, *, audience: str = "stream", lives_s: float = 30, **options: Any) -> str:
        """A ticket as identity signs it."""
        session = Session(new_id(), User(user_id, "demo", "trader", ("trader",)), False)
        signer = Ed25519Signer(options.get("key", self.key), options.get("issuer", "tradeloom"), new_id)
        now = utc_now()
        return signer.sign(session, audience, now - timedelta(seconds=60), now + timedelta(seconds=lives_s))

    def quote(self, symbol: str = "EURUSD", bid: int = 110000, ask: int = 110002, **others: Any) -> None:
        """lp_manager sends a quote."""
        fields = {"digits": 5, "bid_quantity": 500, "ask_quantity": 1250, "sequence": 1, "epoch": 7, **others}
        self.quotes.send(lp_pb.Quote(symbol=symbol, bid_points=bid, ask_points=ask, **fields))

    def sequence(self, symbol: str) -> int:
        """The sequence of the quote that stands; 0 while there is none."""
        quote = self.stream.quotes._board.standing(symbol).quote
        return quote.sequence if quote else 0

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until something is so."""
        async with asyncio.timeout(WAIT_S):
            while not condition():  # noqa: ASYNC110 -- the condition is on objects that tell nobody
                await asyncio.sleep(0.005)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A server that knows its instruments."""
    async with World(tmp_path).running() as running:
        await running.until(lambda: running.stream.quotes._board.ready)
        yield running


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., Any]:
    """Runs a server with other things behind it."""

    @asynccontextmanager
    async def make(*, ready: bool = True, **parts: Any) -> AsyncIterator[World]:
        async with World(tmp_path, **parts).running() as running:
            if ready:
                await running.until(lambda: running.stream.quotes._board.ready)
            yield running

    return make
