"""The WebSocket, read by a thread of its own; it comes back by itself and goes on where it was."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from cli.demo.mirror import Mirror, QuoteBook
from cli.demo.reply import Json, Unavailable

SUBPROTOCOL = "tradeloom.v1.json"
_COME_BACK_S = 0.25
_CONFLATE_MS = 10

Ticket = Callable[[], tuple[str, str]]
"""Gets a fresh (ticket, url)."""


class Feed:
    """Quotes and account changes as they are pushed. Its state is read under `watching`."""

    def __init__(self, ticket: Ticket, symbols: list[str], account_ids: list[str]) -> None:
        self.watching = threading.Condition()
        self.quotes = QuoteBook()
        self.mirrors = {account_id: Mirror() for account_id in account_ids}
        self.refusals: list[str] = []
        self.connects = 0
        self._ticket = ticket
        self._symbols = symbols
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._session: asyncio.Task[None] | None = None

    def __enter__(self) -> "Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(timeout=5)

    def wait_for(self, seen: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until `seen` is true of what was received."""
        with self.watching:
            return self.watching.wait_for(seen, timeout_s)

    def take(self, message: Json) -> None:
        """Takes in one message of the server."""
        received = time.perf_counter()
        with self.watching:
            self._take(message, received)
            self.watching.notify_all()

    def greeting(self, ticket: str) -> list[Json]:
        """What to say on a new connection: who we are, and from where on we want to know."""
        quotes = {"op": "subscribe", "id": "quotes", "channel": "quotes", "symbols": self._symbols}
        messages: list[Json] = [{"op": "auth", "id": "auth", "ticket": ticket}]
        messages.append({**quotes, "conflate_ms": _CONFLATE_MS})
        for account_id, mirror in self.mirrors.items():
            account = {"op": "subscribe", "id": account_id, "channel": "account", "account_id": account_id}
            known = {} if mirror.sequence is None else {"since_sequence": mirror.sequence}
            messages.append({**account, **known})
        return messages

    def _take(self, message: Json, received: float) -> None:
        if message.get("op") == "ack" and not message.get("ok"):
            self.refusals.append(f"{message.get('id')}: {message.get('reason')} {message.get('message')}")
        if message.get("ch") == "quotes":
            for quote in message["data"]:
                self.quotes.add(quote)
        if message.get("ch") == "account":
            mirror = self.mirrors[message["account_id"]]
            if message["type"] == "snapshot":
                mirror.start(message["data"])
            else:
                mirror.follow(message["data"], received)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with suppress(asyncio.CancelledError):
            self._session = self._loop.create_task(self._keep_connected())
            self._loop.run_until_complete(self._session)
        self._loop.close()

    def _stop(self) -> None:
        if self._session is not None:
            self._session.cancel()

    async def _keep_connected(self) -> None:
        while True:
            with suppress(OSError, TimeoutError, WSError, Unavailable):
                await self._converse()
            await asyncio.sleep(_COME_BACK_S)

    async def _converse(self) -> None:
        ticket, url = await asyncio.to_thread(self._ticket)
        headers = {"Sec-WebSocket-Protocol": SUBPROTOCOL}
        transport, _ = await ws_connect(lambda: _Reader(self.take), url, extra_headers=headers)
        self.connects += 1
        try:
            for message in self.greeting(ticket):
                transport.send(WSMsgType.TEXT, json.dumps(message).encode())
            await transport.wait_disconnected()
        finally:
            transport.disconnect()


class _Reader(WSListener):  # type: ignore[misc]
    """Hands on each message; puts together one that comes in several frames."""

    def __init__(self, take: Callable[[Json], None]) -> None:
        self._take = take
        self._parts = b""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame came."""
        if frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._parts += frame.get_payload_as_bytes()
            if frame.fin:
                whole, self._parts = self._parts, b""
                self._take(json.loads(whole))
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
