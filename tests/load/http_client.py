"""HTTP/1.1 over many keep-alive connections, with as little code per call as can be: it shares the cores."""

import asyncio
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

Answered = Callable[[int, bytes], None]
"""Told the status and the body; status 0 when the connection broke."""

_END = b"\r\n\r\n"


def request(host: str, path: str, body: bytes, token: str = "") -> bytes:
    """A POST of JSON."""
    bearer = f"authorization: Bearer {token}\r\n" if token else ""
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\n{bearer}content-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class Pool:
    """Connections that each carry one call at a time; calls wait when all are busy."""

    def __init__(self, url: str, size: int) -> None:
        address = urlsplit(url)
        self.host = f"{address.hostname}:{address.port}"
        self._target = (address.hostname or "", address.port or 80)
        self._size = size
        self._free: list[_Connection] = []
        self._all: list[_Connection] = []
        self._waiting: deque[tuple[bytes, Answered]] = deque()

    async def __aenter__(self) -> "Pool":
        loop = asyncio.get_running_loop()
        for _ in range(self._size):
            _, connection = await loop.create_connection(lambda: _Connection(self._release), *self._target)
            self._all.append(connection)
            self._free.append(connection)
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._all:
            connection.close()

    def call(self, message: bytes, answered: Answered) -> None:
        """Sends a request as soon as a connection is free."""
        while self._free:
            connection = self._free.pop()
            if connection.alive:
                connection.send(message, answered)
                return
        if not any(connection.alive for connection in self._all):
            answered(0, b"")
            return
        self._waiting.append((message, answered))

    def _release(self, connection: "_Connection") -> None:
        if self._waiting and connection.alive:
            connection.send(*self._waiting.popleft())
        elif connection.alive:
            self._free.append(connection)
        elif not any(other.alive for other in self._all):
            while self._waiting:
                self._waiting.popleft()[1](0, b"")


class _Connection(asyncio.Protocol):
    def __init__(self, release: Callable[["_Connection"], None]) -> None:
        self._release = release
        self._transport: asyncio.Transport | None = None
        self._answered: Answered | None = None
        self._received = b""

    @property
    def alive(self) -> bool:
        return self._transport is not None

    def send(self, message: bytes, answered: Answered) -> None:
        self._answered = answered
        if self._transport is not None:
            self._transport.write(message)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        self._finish(0, b"")

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = parsed(self._received)
        if answer is not None:
            self._received = b""
            self._finish(*answer)

    def _finish(self, status: int, body: bytes) -> None:
        answered, self._answered = self._answered, None
        if answered is not None:
            self._release(self)
            answered(status, body)


def parsed(received: bytes) -> tuple[int, bytes] | None:
    """The status and the body of a response; None while it is not all there."""
    end = received.find(_END)
    if end < 0:
        return None
    head = received[:end].lower()
    status, body = int(received[9:12]), received[end + 4 :]
    at = head.find(b"content-length:")
    if at >= 0:
        size = int(head[at + 15 :].split(b"\r\n", 1)[0])
        return (status, body[:size]) if len(body) >= size else None
    if b"transfer-encoding: chunked" in head:
        return (status, body) if body.endswith(b"0\r\n\r\n") else None
    return status, body
