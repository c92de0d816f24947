"""Routing and execution: one call each for a whole batch, over the hot links."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from tradeloom.bbook.v1 import execution_service_pb2 as bbook_pb
from tradeloom.router.v1 import router_service_pb2 as router_pb

from services.kernel.errors import EngineError, Kind
from services.kernel.ids import id_text
from services.kernel.money import Price, text
from services.oms.convert.trading import number
from services.oms.domain.decide import Attempt
from services.oms.domain.orders import Execution, RejectReason, Route, Verdict
from services.oms.domain.state import AccountState

HOUSE = "B"


class BatchCall(Protocol):
    """A hot link: `kit.mux.BatchCaller`."""

    async def call(self, request: Any, timeout_s: float | None = None) -> Any:
        """The response to the request."""
        ...


class GrpcVenue:
    """The router decides the book; the B-Book executes."""

    def __init__(self, router: BatchCall, bbook: BatchCall) -> None:
        self._router = router
        self._bbook = bbook

    async def execute(self, attempts: Sequence[tuple[AccountState, Attempt]]) -> Sequence[Verdict]:
        """A verdict for each attempt, in order. Raises EngineError when router or book don't answer."""
        decisions = await self._routed(attempts)
        routes = [_route(decision) for decision in decisions]
        taken = [attempt for (_, attempt), route in zip(attempts, routes, strict=True) if route is not None]
        results = iter(await self._executed(taken) if taken else ())
        return [RejectReason.NO_ROUTE if route is None else _verdict(next(results), route) for route in routes]

    async def _routed(self, attempts: Sequence[tuple[AccountState, Attempt]]) -> Sequence[router_pb.RouteDecision]:
        items = [_to_route(state, attempt) for state, attempt in attempts]
        response = await self._router.call(router_pb.RouteBatchRequest(items=items))
        return _answering(items, response.items, "router")

    async def _executed(self, attempts: Sequence[Attempt]) -> Sequence[bbook_pb.ExecutionResult]:
        items = [_to_execute(attempt) for attempt in attempts]
        response = await self._bbook.call(bbook_pb.ExecuteBatchRequest(items=items))
        return _answering(items, response.items, "bbook")


def _to_route(state: AccountState, attempt: Attempt) -> router_pb.OrderToRoute:
    account = state.account
    return router_pb.OrderToRoute(
        order_id=id_text(attempt.order_id),
        tenant=account.tenant,
        account_id=id_text(account.account_id),
        group=account.group,
        symbol=attempt.symbol,
        side=number(attempt.side),
        quantity=text(attempt.quantity.value),
    )


def _to_execute(attempt: Attempt) -> bbook_pb.OrderToExecute:
    return bbook_pb.OrderToExecute(
        order_id=id_text(attempt.order_id),
        symbol=attempt.symbol,
        side=number(attempt.side),
        quantity=text(attempt.quantity.value),
    )


def _answering(asked: Sequence[Any], answered: Sequence[Any], peer: str) -> Sequence[Any]:
    """The answers, once they are known to be those of our questions."""
    if [item.order_id for item in asked] != [item.order_id for item in answered]:
        raise EngineError(Kind.UNAVAILABLE, "VENUE_ANSWER_INVALID", f"{peer} answered other orders than it was asked")
    return answered


def _route(decision: router_pb.RouteDecision) -> Route | None:
    if decision.book != router_pb.BOOK_B:
        return None
    return Route(HOUSE, decision.rule_id, decision.rule_version)


def _verdict(result: bbook_pb.ExecutionResult, route: Route) -> Verdict:
    if result.WhichOneof("result") != "execution":
        return _reason(result.refusal)
    execution = result.execution
    price = Price(Decimal(execution.price))
    return Execution(price, execution.quote_id, execution.quote_age_us, route)


def _reason(value: int) -> RejectReason:
    """The reasons may grow; one that we don't know is told as a price that was not to be had."""
    known = value in tuple(RejectReason) and value != RejectReason.NONE
    return RejectReason(value) if known else RejectReason.PRICE_UNAVAILABLE
