"""The ways in: each sends order number n and tells the tally what came back."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import trading_pb2

from tests.load import http_client
from tests.load.orders import Orders
from tests.load.tally import Outcome, Tally

CALL_S = 10.0
# Of one message, by the contract.
ITEMS_MAX = 256
_UNKNOWN = {code_pb2.UNAVAILABLE, code_pb2.DEADLINE_EXCEEDED, code_pb2.INTERNAL, code_pb2.UNKNOWN, code_pb2.CANCELLED}


class Door(Protocol):
    """A way in, open inside `async with`."""

    async def __aenter__(self) -> Self:
        """Opens it."""

    async def __aexit__(self, *_: object) -> None:
        """Closes it."""

    def send(self, number: int, due: float) -> None:
        """Sends that order; the answer goes to the tally."""


class RestDoor:
    """REST: a JWT in every call."""

    def __init__(self, url: str, token: str, orders: Orders, tally: Tally, connections: int = 64) -> None:
        self._pool = http_client.Pool(url, connections)
        self._token = token
        self._orders = orders
        self._tally = tally

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.__aexit__()

    def send(self, number: int, due: float) -> None:
        """POST …/orders."""
        self._tally.sent += 1
        path = f"/v1/accounts/{self._orders.account_id(number)}/orders"
        message = http_client.request(self._pool.host, path, self._orders.json(number), self._token)

        def answered(status: int, body: bytes) -> None:
            self._tally.answer(number, due, *rest_outcome(status, body))

        self._pool.call(message, answered)


class UnaryDoor:
    """gRPC, one call an order."""

    def __init__(self, submit: Callable[..., Any], token: str, orders: Orders, tally: Tally) -> None:
        self._submit = submit
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._orders = orders
        self._tally = tally
        self._calls: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def send(self, number: int, due: float) -> None:
        """SubmitOrder."""
        self._tally.sent += 1
        call = asyncio.create_task(self._call(number, due))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, number: int, due: float) -> None:
        try:
            answer = await self._submit(self._orders.request(number), metadata=self._metadata, timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            self._tally.answer(number, due, *status_outcome(status_of(error)))
        else:
            self._tally.answer(number, due, *order_outcome(answer.order))


class StreamDoor:
    """gRPC, all orders over one stream: what waits while a message is written goes into the next."""

    def __init__(self, open_stream: Callable[..., Any], token: str, orders: Orders, tally: Tally) -> None:
        self._open_stream = open_stream
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._orders = orders
        self._tally = tally
        self._waiting: list[pb.ExchangeItem] = []
        self._due: dict[int, float] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._call: Any = None
        self._broken = ""

    async def __aenter__(self) -> Self:
        self._call = self._open_stream(metadata=self._metadata)
        self._tasks = [asyncio.create_task(self._guarded(work)) for work in (self._write, self._read)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        self._call.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, number: int, due: float) -> None:
        """An item of ExchangeOrders."""
        self._tally.sent += 1
        if self._broken:
            self._tally.answer(number, due, Outcome.UNKNOWN, self._broken)
            return
        self._due[number] = due
        self._waiting.append(pb.ExchangeItem(id=number + 1, submit_order=self._orders.request(number)))
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                items, self._waiting = self._waiting[:ITEMS_MAX], self._waiting[ITEMS_MAX:]
                await self._call.write(pb.ExchangeOrdersRequest(items=items))

    async def _read(self) -> None:
        async for message in self._call:
            for item in message.items:
                number = item.id - 1
                outcome = (
                    status_outcome(item.error)
                    if item.WhichOneof("result") == "error"
                    else order_outcome(item.submitted.order)
                )
                self._tally.answer(number, self._due.pop(number), *outcome)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """When the stream breaks, what is in flight has an unknown outcome."""
        why = "it was closed"
        try:
            await work()
        except grpc.aio.AioRpcError as error:
            why = f"{error.code().name} {error.details() or ''}"[:80]
        except asyncio.InvalidStateError:
            why = (await self._call.code()).name
        self._broken = f"STREAM_BROKE ({why})"
        for number, due in self._due.items():
            self._tally.answer(number, due, Outcome.UNKNOWN, self._broken)
        self._due.clear()


def order_outcome(order: trading_pb2.Order) -> tuple[Outcome, str]:
    """What an answered order says."""
    if order.state == trading_pb2.ORDER_STATE_FILLED:
        return Outcome.FILLED, ""
    return Outcome.REJECTED, trading_pb2.RejectReason.Name(order.reject_reason)


def status_outcome(status: status_pb2.Status) -> tuple[Outcome, str]:
    """What a failed call says."""
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
    outcome = Outcome.UNKNOWN if status.code in _UNKNOWN else Outcome.REFUSED
    return outcome, info.reason or f"{code_pb2.Code.Name(status.code)}: {status.message[:80]}"  # type: ignore[arg-type]


def rest_outcome(status: int, body: bytes) -> tuple[Outcome, str]:
    """What a REST answer says; a filled order is not parsed further: the books are compared at the end."""
    if status == 200 and b'"ORDER_STATE_FILLED"' in body:
        return Outcome.FILLED, ""
    try:
        told = json.loads(body)
    except ValueError:
        return Outcome.UNKNOWN, f"HTTP_{status}"
    if status == 200:
        return Outcome.REJECTED, told.get("order", {}).get("reject_reason", "NO_ORDER_IN_ANSWER")
    reasons = [detail["reason"] for detail in told.get("details", []) if "reason" in detail]
    outcome = Outcome.UNKNOWN if status >= 500 else Outcome.REFUSED
    return outcome, reasons[0] if reasons else f"HTTP_{status}"


def status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """The status of a failed call."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    return status or status_pb2.Status(code=error.code().value[0], message=error.details() or "")
