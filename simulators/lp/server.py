"""The TCP side: connections, which session each belongs to, and the clock that drives sessions and quotes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from simulators.lp.codec import BadMessage, Message
from simulators.lp.feed import Feed, Quotes
from simulators.lp.framing import FrameReader
from simulators.lp.orders import Orders
from simulators.lp.session import Session

log = logging.getLogger(__name__)

_LOGON_S = 10.0
_WRITE_BUFFER_HIGH = 1 << 18
_TIMER_S = 0.2


class Connection(asyncio.Protocol):
    """One TCP connection: its first message must be the Logon (A) of a free session."""

    def __init__(self, find: Callable[[Message], Session | None]) -> None:
        self._find = find
        self._frames = FrameReader()
        self._session: Session | None = None
        self._transport: asyncio.Transport | None = None
        self._logon_limit: asyncio.TimerHandle | None = None
        self.is_slow = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Waits for a Logon, but not for ever."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER_HIGH)
        self._logon_limit = asyncio.get_running_loop().call_later(_LOGON_S, self._give_up)

    def _give_up(self) -> None:
        if self._session is None:
            self.close()

    def data_received(self, data: bytes) -> None:
        """Feeds the session."""
        for raw in self._frames.feed(data):
            try:
                self._receive(Message(raw))
            except BadMessage as error:
                log.warning("ignored a message: %s", error.text)

    def _receive(self, message: Message) -> None:
        if self._session is not None:
            self._session.receive(message)
            return
        session = self._find(message) if message.type == "A" else None
        if session is None or session.connected:
            log.warning("refused a connection: %s", "session is taken" if session else "no logon of a known session")
            self.close()
            return
        self._session = session
        session.accept(self, message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tells the session, if it is still ours."""
        if self._logon_limit is not None:
            self._logon_limit.cancel()
        if self._session is not None and self._session.is_bound_to(self):
            self._session.disconnected()

    def pause_writing(self) -> None:
        """The reader is behind."""
        self.is_slow = True

    def resume_writing(self) -> None:
        """The reader has caught up."""
        self.is_slow = False

    def write(self, data: bytes) -> None:
        """Sends bytes."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Ends the connection once what was written is sent."""
        if self._transport is not None:
            self._transport.close()


class Provider:
    """A running provider: sessions, quotes and orders behind one port."""

    def __init__(self, sessions: list[Session], quotes: Quotes, feed: Feed, orders: Orders, slot_s: float) -> None:
        self.sessions = sessions
        self._quotes = quotes
        self._feed = feed
        self._orders = orders
        self._slot_s = slot_s
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.port = 0

    async def start(self, host: str, port: int, now_us: Callable[[], int]) -> None:
        """Makes the first prices, listens, and starts quoting."""
        self._quotes.open(now_us() / 1e6)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self._find), host, port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks = [loop.create_task(self._quote(now_us)), loop.create_task(self._watch_time())]

    def _find(self, logon: Message) -> Session | None:
        """The session of a Logon, by its CompIDs and its SenderSubID (50)."""
        ids = (logon.get(49), logon.get(56), logon.get(50))
        for session in self.sessions:
            if ids == (session.identity.target, session.identity.sender, session.identity.sub):
                return session
        return None

    async def _quote(self, now_us: Callable[[], int]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self._slot_s, loop.time() - self._slot_s)
            await asyncio.sleep(due - loop.time())
            changes = self._quotes.advance(now_us() / 1e6)
            if changes:
                self._feed.publish(changes)
                self._orders.on_quotes([book.instrument.symbol for book, _ in changes])

    async def _watch_time(self) -> None:
        while True:
            await asyncio.sleep(_TIMER_S)
            for session in self.sessions:
                session.on_time()

    async def stop(self) -> None:
        """Logs the sessions out and closes everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        for session in self.sessions:
            session.log_out("the provider is going down")
        await asyncio.sleep(0)
