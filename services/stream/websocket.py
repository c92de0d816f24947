"""WebSocket in."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from services.stream.handlers import closing
from services.stream.handlers.connection import Connection, Connections
from services.stream.handlers.statistics import Statistics

PATH = "/v1/stream"
PROTOCOL = "tradeloom.v1.json"
MESSAGE_BYTES_MAX = 16 * 1024
# What the kernel and we keep for a client that reads slowly, before quotes are left out. The kernel's part is set, as
# it would grow to megabytes of old quotes by itself.
KERNEL_BUFFER_BYTES = 64 * 1024
BUFFER_BYTES_HIGH = 64 * 1024
BUFFER_BYTES_LOW = 16 * 1024
# A storm of reconnects is to wait in the queue, not for TCP to try again.
BACKLOG = 4_096
CLOSE_S = 1.0


class ClientSocket(WSListener):  # type: ignore[misc]
    """One client's socket; a `Wire`."""

    def __init__(self, connections: Connections, statistics: Statistics) -> None:
        self._connections = connections
        self._statistics = statistics
        self._connection: Connection | None = None
        self._transport: WSTransport | None = None
        self._partial = b""
        self._closing = False
        self.ready = True

    @property
    def buffered(self) -> int:
        """See `Wire`."""
        return self._transport.underlying_transport.get_write_buffer_size() if self._transport else 0

    def send(self, frame: bytes) -> None:
        """See `Wire`."""
        if not self._closing and self._transport is not None:
            self._statistics.sent_frame_count += 1
            self._transport.send(WSMsgType.TEXT, frame)

    def close(self, code: int, reason: str) -> None:
        """See `Wire`. A client that does not answer is cut off after a second."""
        if self._closing or self._transport is None:
            return
        self._closing = True
        self._transport.send_close(code, reason.encode()[:120])
        asyncio.get_running_loop().call_later(CLOSE_S, self._transport.disconnect, False)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The client connected."""
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=BUFFER_BYTES_HIGH, low=BUFFER_BYTES_LOW)
        self._connection = self._connections.open(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came."""
        match frame.msg_type:
            case WSMsgType.CLOSE:
                self._answer_close(transport, frame)
            case WSMsgType.TEXT | WSMsgType.CONTINUATION:
                self._take(frame)
            case WSMsgType.BINARY:
                self._close_connection(closing.UNSUPPORTED, "text only")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is over."""
        self._closing = True
        if self._connection is not None:
            self._connections.end(self._connection)

    def pause_writing(self) -> None:
        """The client reads more slowly than it is sent to."""
        self.ready = False

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.ready = True

    def _take(self, frame: WSFrame) -> None:
        if self._connection is None or self._closing:
            return
        if len(self._partial) + frame.payload_size > MESSAGE_BYTES_MAX:
            self._close_connection(closing.TOO_BIG, f"a message has at most {MESSAGE_BYTES_MAX} bytes")
            return
        text = self._partial + frame.get_payload_as_bytes()
        self._partial = b"" if frame.fin else text
        if frame.fin:
            self._connection.receive(text)

    def _close_connection(self, code: int, reason: str) -> None:
        if self._connection is not None:
            self._connection.close(code, reason)

    def _answer_close(self, transport: WSTransport, frame: WSFrame) -> None:
        if not self._closing:
            self._closing = True
            transport.send_close(frame.get_close_code())
        transport.disconnect()


class WebSocketServer:
    """Accepts clients at `ws://<address>/v1/stream`."""

    def __init__(
        self, connections: Connections, statistics: Statistics, origins: Sequence[str], connections_max: int
    ) -> None:
        self._connections = connections
        self._statistics = statistics
        self._origins = frozenset(origins)
        self._connections_max = connections_max
        self._server: asyncio.Server | None = None

    async def start(self, address: str) -> int:
        """Listens on `host:port`; returns the port, which the system chooses for 0."""
        logging.getLogger("picows").setLevel(logging.WARNING)  # It tells of every connection that comes and goes.
        host, _, port = address.rpartition(":")
        listening = _listening_socket(host, int(port))
        self._server = await ws_create_server(
            self._accept, sock=listening, max_frame_size=MESSAGE_BYTES_MAX, backlog=BACKLOG
        )
        return int(listening.getsockname()[1])

    async def stop(self) -> None:
        """Accepts nobody any more, and tells the clients to go elsewhere."""
        if self._server is None:
            return
        self._server.close()
        self._connections.close_all(closing.GOING_AWAY, "the server is stopping; connect again")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._emptied(), CLOSE_S * 2)

    async def _emptied(self) -> None:
        while len(self._connections):  # noqa: ASYNC110 -- clients leave one by one, and this happens once
            await asyncio.sleep(0.01)

    def _accept(self, request: WSUpgradeRequest) -> Any:
        refusal = self._refusal(request)
        if refusal is not None:
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_error_response(*refusal), None)
        extra = {"Sec-WebSocket-Protocol": PROTOCOL} if _offered(request) else None
        response = WSUpgradeResponse.create_101_response(extra)
        return WSUpgradeResponseWithListener(response, ClientSocket(self._connections, self._statistics))

    def _refusal(self, request: WSUpgradeRequest) -> tuple[HTTPStatus, bytes] | None:
        if request.path.partition(b"?")[0] != PATH.encode():
            return HTTPStatus.NOT_FOUND, f"the stream is at {PATH}\n".encode()
        origin = request.headers.get("Origin")
        if origin is not None and origin not in self._origins:
            return HTTPStatus.FORBIDDEN, b"this origin may not connect\n"
        offered = _offered(request)
        if offered and PROTOCOL not in offered:
            return HTTPStatus.BAD_REQUEST, f"the protocol is {PROTOCOL}\n".encode()
        if self._statistics.connection_count >= self._connections_max:
            return HTTPStatus.SERVICE_UNAVAILABLE, b"too many connections\n"
        return None


def _offered(request: WSUpgradeRequest) -> list[str]:
    values = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [name.strip() for value in values for name in value.split(",")]


def _listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit both.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setblocking(False)
    made.bind((host.strip("[]"), port))
    return made
