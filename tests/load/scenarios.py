"""What is measured, in which order, beside what."""

import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc
from tradeloom.client.v1 import order_service_pb2_grpc as rpc

from services.kernel.ids import new_id
from tests.load import accounts, floors, quotes, verify
from tests.load.doors import Door, RestDoor, StreamDoor, UnaryDoor
from tests.load.naive.run import naive
from tests.load.orders import Orders
from tests.load.pacer import Schedule
from tests.load.report import Results, judged, ratio, shares
from tests.load.run import Figures, at_full_speed, at_rate
from tests.load.system import System
from tests.load.tally import Tally

REST_RATE, UNARY_RATE, STREAM_RATES = 100.0, 1_000.0, (1_000.0, 5_000.0)
ORDER_P99_MS, STREAM_P99_MS, QUOTE_P99_MS = 50.0, 10.0, 100.0
QUOTES_PER_S = 10_000.0
FLOOR_S_MAX, FULL_SPEED_S_MAX = 10.0, 15.0
REST_CONNECTIONS = 64
WINDOW = 512
_ORDERS_PER_S_MAX = 20_000

MakeDoor = Callable[[Orders, Tally], Door]
Go = Callable[[Door, Tally], Awaitable[Figures]]


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    seconds: float = 60.0
    rate: float = 0.0
    clients: int = quotes.CLIENTS
    conflate_ms: int = quotes.CONFLATE_MS
    floors: bool = True


class Bench:
    """Runs scenarios on a system and gathers the results."""

    def __init__(self, system: System, options: Options, results: Results, account_ids: tuple[str, ...]) -> None:
        self._system = system
        self._options = options
        self._results = results
        self._account_ids = account_ids

    async def run(self, name: str) -> None:
        """One scenario, by the name that the command line gives it."""
        await {"orders-rest": self.orders_rest, "orders-grpc": self.orders_grpc, "quotes": self.quotes}[name]()

    async def orders_rest(self) -> None:
        """Orders over REST, and the naive stack beside it."""
        token, rate = await accounts.log_in(self._system), self._options.rate or REST_RATE

        def rest(orders: Orders, tally: Tally) -> Door:
            return RestDoor(self._system.gateway, token, orders, tally, REST_CONNECTIONS)

        steady = await self._steady("REST", rest, rate, ORDER_P99_MS)
        full = await self._full_speed("REST, as fast as it goes", rest, REST_CONNECTIONS)
        if self._options.floors:
            seconds = min(self._options.seconds, FULL_SPEED_S_MAX)
            low, high = await naive(self._system, self._account_ids, seconds)
            self._results.add(low, high)
            self._results.note(ratio("REST at full speed over the naive stack", full.achieved, high.achieved))
            self._results.note(ratio("naive p99 over ours at a low rate", low.latency["p99"], steady.latency["p99"]))

    async def orders_grpc(self) -> None:
        """Orders over gRPC, one call each and over one stream, and an empty RPC beside it."""
        token = await accounts.log_in(self._system)
        async with grpc.aio.insecure_channel(self._system.grpc_target) as channel:
            stub = rpc.OrderServiceStub(channel)

            def unary(orders: Orders, tally: Tally) -> Door:
                return UnaryDoor(stub.SubmitOrder, token, orders, tally)

            def stream(orders: Orders, tally: Tally) -> Door:
                return StreamDoor(stub.ExchangeOrders, token, orders, tally)

            single = await self._steady("gRPC unary", unary, self._options.rate or UNARY_RATE, ORDER_P99_MS)
            rates = (self._options.rate,) if self._options.rate else STREAM_RATES
            streamed = [await self._steady("gRPC stream", stream, rate, STREAM_P99_MS) for rate in rates]
            full = await self._full_speed("gRPC stream, as fast as it goes", stream, WINDOW)
        if self._options.floors:
            await self._beside_grpc(single, streamed[0], full)

    async def _beside_grpc(self, single: Figures, streamed: Figures, full: Figures) -> None:
        seconds = min(self._options.seconds, FLOOR_S_MAX)
        unary, stream = await floors.empty_rpc(seconds)
        commit = await floors.durable_commit(self._system, seconds)
        disk = await floors.disk_write(self._system, seconds)
        self._results.add(unary, stream, commit, disk)
        empty_and_commit = stream.latency["p50"] + commit.latency["p50"]
        self._results.note(ratio("unary order p50 over an empty RPC", single.latency["p50"], unary.latency["p50"]))
        self._results.note(
            ratio("streamed order p50 over an empty RPC and one commit", streamed.latency["p50"], empty_and_commit)
        )
        high = self._results.find("naive stack: REST, as fast as it goes")
        if high is not None:
            self._results.note(ratio("stream at full speed over the naive stack", full.achieved, high.achieved))

    async def quotes(self) -> None:
        """Quotes to many clients."""
        token, options = await accounts.log_in(self._system), self._options
        found = await quotes.deliver(self._system, token, options.seconds, options.clients, options.conflate_ms)
        found.newest.target = f"{QUOTES_PER_S:.0f}/s, p99 < {QUOTE_P99_MS:g} ms"
        found.newest.met = found.newest.latency["p99"] < QUOTE_P99_MS and found.newest.offered >= QUOTES_PER_S
        self._results.add(found.newest, found.replaced)
        self._results.note(
            f"{found.newest.offered:.0f} quotes/s made by the providers in {found.fix_messages_per_s:.0f} FIX "
            f"messages/s became {found.numbered_per_s:.0f} quotes/s of the book; {options.clients} clients, conflated "
            f"to {options.conflate_ms} ms; frames/s and quotes/s are what all clients got"
        )
        self._results.note(f"quotes: {sum(found.cores.values()):.2f} cores: {shares(found.cores, 2)}")
        if found.newest.offered < QUOTES_PER_S:
            self._results.note(f"less than the {QUOTES_PER_S:.0f}/s aimed at: start it with --provider-rate 3400")
        if found.unpriced:
            self._results.note(f"{found.unpriced} quotes had no price: providers were lost, or silent for too long")
        for reason, count in found.faults.items():
            self._results.fault(f"WebSocket: {reason} {count} times")

    async def _steady(self, name: str, make: MakeDoor, rate: float, p99_ms: float) -> Figures:
        schedule = Schedule(rate, self._options.seconds)

        async def go(door: Door, tally: Tally) -> Figures:
            return await at_rate(f"{name} at {rate:.0f}/s", door, tally, schedule, self._system.cpu_seconds)

        figures = await self._proven(make, schedule.count * 2 + 10, go)
        judged(figures, p99_ms, rate)
        self._results.add(figures)
        self._results.note(f"{figures.name}: CPU µs/order: {shares(figures.cpu_by_component)}")
        return figures

    async def _full_speed(self, name: str, make: MakeDoor, window: int) -> Figures:
        seconds = min(self._options.seconds, FULL_SPEED_S_MAX)

        async def go(door: Door, tally: Tally) -> Figures:
            return await at_full_speed(name, door, tally, window, seconds, self._system.cpu_seconds)

        figures = await self._proven(make, int(_ORDERS_PER_S_MAX * seconds), go)
        self._results.add(figures)
        return figures

    async def _proven(self, make: MakeDoor, count_max: int, go: Go) -> Figures:
        """Runs, then compares the books with what was answered."""
        orders, tally = Orders(f"load-{new_id().hex[:16]}", self._account_ids), Tally(count_max)
        before = await verify.positions(self._system, self._account_ids)
        gc.collect()
        gc.freeze()
        figures = await go(make(orders, tally), tally)
        verdict = await verify.verify(self._system, orders, tally, before)
        self._results.note(f"{figures.name}: {verdict}")
        for fault in verdict.faults:
            self._results.fault(f"{figures.name}: {fault}")
        return figures
