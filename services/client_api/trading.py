"""Trading for a caller: is it the caller's account, then over the link to oms, and what its answer means."""

from collections.abc import Awaitable
from typing import Protocol

from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.oms.v1 import command_service_pb2 as oms_pb

from services.client_api.convert import closed, closure, submission, submitted
from services.client_api.owners import Owners
from services.kernel.clock import Now
from services.kernel.errors import EngineError, Kind
from services.kit.deadline import remaining_s
from services.kit.interceptors import validate
from services.kit.status import error_of, status_of
from services.kit.tokens import Principal, check_alive

HOW_TO_ASK = "the outcome is not known: call again with the same client_order_id, or ask with GetOrderByClientId"


class OrderLink(Protocol):
    """Carries commands to oms and brings their results."""

    def call(self, item: oms_pb.Command, timeout_s: float | None = None) -> Awaitable[oms_pb.CommandResult]:
        """Sends the command; fails with `OUTCOME_UNKNOWN`, or with `OVERLOADED` when nothing was sent."""


class Trading:
    """Orders of callers, one by one."""

    def __init__(self, link: OrderLink, owners: Owners, timeout_s: float) -> None:
        self._link = link
        self._owners = owners
        self._timeout_s = timeout_s

    async def submit(self, request: pb.SubmitOrderRequest, principal: Principal) -> pb.SubmitOrderResponse:
        """Submits an order."""
        return submitted(_outcome(await self._execute(submission(request), principal)))

    async def close(self, request: pb.ClosePositionRequest, principal: Principal) -> pb.ClosePositionResponse:
        """Closes a position."""
        return closed(_outcome(await self._execute(closure(request), principal)))

    async def _execute(self, command: oms_pb.Command, principal: Principal) -> oms_pb.CommandResult:
        await self._owners.check(command.account_id, principal)
        try:
            return await self._link.call(command, remaining_s(self._timeout_s))
        except EngineError as error:
            if error.reason != "OUTCOME_UNKNOWN":
                raise
            raise EngineError(error.kind, error.reason, HOW_TO_ASK, clientOrderId=command.client_order_id) from None


class Exchange:
    """The orders of one stream: each item is answered by itself, whatever becomes of the others."""

    def __init__(self, trading: Trading, principal: Principal, now: Now) -> None:
        self._trading = trading
        self._principal = principal
        self._now = now
        self._in_flight: dict[int, None] = {}

    async def answer(self, item: pb.ExchangeItem) -> pb.ExchangeResult:
        """What became of the item. Never raises what the caller could have been told."""
        number = item.id
        if number in self._in_flight:
            return _failed(number, EngineError(Kind.CONFLICT, "ITEM_ID_REUSED", "id is in flight on this stream"))
        self._in_flight[number] = None
        try:
            return await self._carry_out(item)
        except EngineError as error:
            return _failed(number, error)
        finally:
            del self._in_flight[number]

    async def _carry_out(self, item: pb.ExchangeItem) -> pb.ExchangeResult:
        check_alive(self._principal, self._now())
        validate(item)
        if item.HasField("submit_order"):
            return pb.ExchangeResult(
                id=item.id, submitted=await self._trading.submit(item.submit_order, self._principal)
            )
        return pb.ExchangeResult(id=item.id, closed=await self._trading.close(item.close_position, self._principal))


def _outcome(result: oms_pb.CommandResult) -> oms_pb.OrderOutcome:
    if result.HasField("error"):
        raise error_of(result.error)
    return result.outcome


def _failed(number: int, error: EngineError) -> pb.ExchangeResult:
    return pb.ExchangeResult(id=number, error=status_of(error))
