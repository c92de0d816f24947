"""Quote delivery: from the provider's clock to the clients of the WebSocket."""

import asyncio
import json
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from services.kernel.clock import to_us, utc_now
from tests.load.accounts import post
from tests.load.histogram import Histogram
from tests.load.run import Cpu, Figures, used_since
from tests.load.system import System

SUBPROTOCOL = "tradeloom.v1.json"
SYMBOLS = ["EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "US500", "BTCUSD"]
CLIENTS = 100
CONFLATE_MS = 100
_READY_S = 20.0
_WARM_UP_S = 2.0


class _Quote(msgspec.Struct):
    symbol: str
    quote_id: str
    provider_time: str = ""
    bid: str = ""
    ask: str = ""


class _Frame(msgspec.Struct):
    ch: str = ""
    op: str = ""
    ok: bool = True
    reason: str = ""
    seq: int = 0
    data: list[_Quote] = msgspec.field(default_factory=list)


@dataclass
class Delivery:
    """What all clients saw."""

    # Of the newest quote in each frame: how long it was under way.
    newest: Histogram = field(default_factory=Histogram)
    # Of each quote when another took its place on the screen: how old it had become. No change waits longer than this.
    replaced: Histogram = field(default_factory=Histogram)
    frames: int = 0
    quotes: int = 0
    # Of symbols that nobody priced at the moment: they have no age.
    unpriced: int = 0
    ready: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    # Of one client: the first and the last number of each symbol's quotes, which counts what the system quoted.
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict)
    measuring: bool = False

    def start(self) -> None:
        """Forgets what came during the warm-up."""
        self.newest, self.replaced = Histogram(), Histogram()
        self.frames = self.quotes = self.unpriced = 0
        self.numbers.clear()
        self.measuring = True


class Client(WSListener):  # type: ignore[misc]
    """One client: counts, and keeps nothing but the newest time of each symbol."""

    def __init__(self, ticket: str, conflate_ms: int, delivery: Delivery, probe: bool) -> None:
        self._ticket = ticket
        self._conflate_ms = conflate_ms
        self._delivery = delivery
        self._probe = probe
        self._decoder = msgspec.json.Decoder(_Frame)
        self._shown: dict[str, int] = {}
        self._sequence = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Says who it is and what it wants."""
        subscription = {"channel": "quotes", "symbols": SYMBOLS, "conflate_ms": self._conflate_ms}
        for message in (
            {"op": "auth", "id": "1", "ticket": self._ticket},
            {"op": "subscribe", "id": "2", **subscription},
        ):
            transport.send(WSMsgType.TEXT, json.dumps(message).encode())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came."""
        now = to_us(utc_now())
        if frame.msg_type != WSMsgType.TEXT:
            return
        message = self._decoder.decode(frame.get_payload_as_bytes())
        if message.ch == "quotes":
            self._quotes(message, now)
        elif not message.ok:
            self._delivery.faults[message.reason] += 1

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection ended."""
        if self._delivery.measuring:
            self._delivery.faults["DISCONNECTED"] += 1

    def _quotes(self, message: _Frame, now: int) -> None:
        delivery = self._delivery
        if not self._sequence:
            delivery.ready += 1
        elif message.seq != self._sequence + 1:
            delivery.faults["SEQUENCE_GAP"] += 1
        self._sequence = message.seq
        newest = 0
        for quote in message.data:
            if not quote.bid and not quote.ask:
                delivery.unpriced += 1
                continue
            made = to_us(datetime.fromisoformat(quote.provider_time))
            newest = max(newest, made)
            shown = self._shown.get(quote.symbol)
            if shown is not None:
                delivery.replaced.record((now - shown) / 1e6)
            self._shown[quote.symbol] = made
            if self._probe:
                self._count(quote)
        delivery.frames += 1
        delivery.quotes += len(message.data)
        if newest:
            delivery.newest.record((now - newest) / 1e6)

    def _count(self, quote: _Quote) -> None:
        number = int(quote.quote_id.rpartition("-")[2])
        first, _ = self._delivery.numbers.get(quote.symbol, (number, number))
        self._delivery.numbers[quote.symbol] = (first, number)


@dataclass
class QuoteFigures:
    """What a run of quotes measured."""

    newest: Figures
    replaced: Figures
    fix_messages_per_s: float
    numbered_per_s: float
    unpriced: int
    faults: dict[str, int]
    cores: Cpu


async def deliver(system: System, token: str, seconds: float, clients: int, conflate_ms: int) -> QuoteFigures:
    """Connects the clients and listens for that long."""
    delivery = Delivery()
    async with AsyncExitStack() as stack:
        for number in range(clients):
            await _connect(stack, system, token, conflate_ms, delivery, probe=number == 0)
        await _all_ready(delivery, clients)
        await asyncio.sleep(_WARM_UP_S)
        messages, cpu = system.fix_messages(), system.cpu_seconds()
        delivery.start()
        started = time.perf_counter()
        await asyncio.sleep(seconds)
        elapsed = time.perf_counter() - started
        delivery.measuring = False
        cores = {name: used / elapsed for name, used in used_since(cpu, system.cpu_seconds()).items()}
        messages = system.fix_messages() - messages
    offered = system.quotes_per_s()
    numbered = sum(last - first for first, last in delivery.numbers.values()) / elapsed
    newest, replaced = delivery.newest.milliseconds(), delivery.replaced.milliseconds()
    return QuoteFigures(
        Figures(f"quotes to {clients} clients: newest in the frame", offered, delivery.frames / elapsed, newest),
        Figures("quotes: age of what a frame replaces", offered, delivery.quotes / elapsed, replaced),
        messages / elapsed,
        numbered,
        delivery.unpriced,
        dict(delivery.faults),
        cores,
    )


async def _connect(
    stack: AsyncExitStack, system: System, token: str, conflate_ms: int, delivery: Delivery, *, probe: bool
) -> None:
    answer: dict[str, object] = dict(await post(system, "/v1/stream/tickets", {}, token))
    transport, _ = await ws_connect(
        lambda: Client(str(answer["ticket"]), conflate_ms, delivery, probe),
        str(answer["url"]),
        extra_headers={"Sec-WebSocket-Protocol": SUBPROTOCOL},
    )
    stack.callback(transport.disconnect)


async def _all_ready(delivery: Delivery, clients: int) -> None:
    give_up = time.monotonic() + _READY_S
    while delivery.ready < clients:
        if time.monotonic() > give_up:
            raise RuntimeError(f"{delivery.ready} of {clients} clients got a snapshot; {dict(delivery.faults)}")
        await asyncio.sleep(0.05)
