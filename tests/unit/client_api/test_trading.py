"""Orders of callers: what is sent to oms, and what its answers mean."""

import asyncio
from datetime import UTC, datetime

import pytest
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import trading_pb2
from tradeloom.oms.v1 import command_service_pb2 as oms_pb

from services.client_api.owners import Owner, Owners
from services.client_api.trading import Exchange, Trading
from services.kernel.errors import EngineError, Kind
from services.kit.deadline import deadline_at
from services.kit.status import error_of, status_of
from services.kit.tokens import LEEWAY_S, Principal
from tests.fakes.identity import Clock

ACCOUNT = "018f4a00-0000-7000-8000-000000001001"
POSITION = "018f4a00-0000-7000-8000-00000000b001"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PRINCIPAL = Principal("user-1", "session", "demo", ("trader",), "token", NOW.timestamp() + 600)
TIMEOUT_S = 5.0


class Link:
    """Answers as told, and keeps what was sent."""

    def __init__(self):
        self.sent = []
        self.answer = oms_pb.CommandResult(outcome=oms_pb.OrderOutcome(order=trading_pb2.Order(order_id="o-1")))
        self.go = asyncio.Event()
        self.go.set()

    async def call(self, item, timeout_s=None):
        self.sent.append((item, timeout_s))
        await self.go.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def order(**changed):
    fields = {"client_order_id": "c-1", "symbol": "EURUSD", "side": 1, "type": 1, "quantity": "1.00"}
    return pb.SubmitOrderRequest(account_id=ACCOUNT, **{**fields, **changed})


def closing(**changed):
    return pb.ClosePositionRequest(account_id=ACCOUNT, position_id=POSITION, client_order_id="c-2", **changed)


async def find(account_id):
    return Owner("user-1", "demo")


@pytest.fixture
def link():
    return Link()


@pytest.fixture
def trading(link):
    return Trading(link, Owners(find), TIMEOUT_S)


async def refused(call):
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value


async def test_an_order_is_sent_as_it_was_asked_for(trading, link):
    response = await trading.submit(order(), PRINCIPAL)
    [(command, _)] = link.sent
    assert command == oms_pb.Command(
        account_id=ACCOUNT,
        client_order_id="c-1",
        submit_order=oms_pb.SubmitOrder(symbol="EURUSD", side=1, type=1, quantity="1.00"),
    )
    assert response.order.order_id == "o-1"
    assert not response.HasField("summary")


@pytest.mark.parametrize("quantity", [None, "0.50"])
async def test_a_closure_says_how_much_only_when_the_caller_did(trading, link, quantity):
    await trading.close(closing(quantity=quantity), PRINCIPAL)
    [(command, _)] = link.sent
    assert command.close_position.HasField("quantity") == (quantity is not None)
    assert command.close_position.quantity == (quantity or "")


async def test_somebody_elses_account_is_refused_before_anything_is_sent(trading, link):
    stranger = Principal("user-2", "session", "demo", ("trader",), "token", 0.0)
    assert (await refused(trading.submit(order(), stranger))).reason == "ACCOUNT_UNKNOWN"
    assert link.sent == []


async def test_an_error_of_oms_is_the_error_of_the_call(trading, link):
    said = EngineError(Kind.INVALID, "QUANTITY_STEP", "a multiple of 0.01", quantityStep="0.01")
    link.answer = oms_pb.CommandResult(error=status_of(said))
    error = await refused(trading.submit(order(), PRINCIPAL))
    assert (error.kind, error.reason, error.message, error.metadata) == (
        said.kind,
        said.reason,
        said.message,
        said.metadata,
    )


@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.TIMEOUT])
async def test_an_unknown_outcome_says_how_to_ask(trading, link, kind):
    link.answer = EngineError(kind, "OUTCOME_UNKNOWN", "the link broke")
    error = await refused(trading.submit(order(), PRINCIPAL))
    assert (error.kind, error.reason, error.metadata) == (kind, "OUTCOME_UNKNOWN", {"clientOrderId": "c-1"})
    assert "GetOrderByClientId" in error.message


async def test_an_overload_is_passed_on_as_it_is(trading, link):
    link.answer = EngineError(Kind.LIMITED, "OVERLOADED", "too many")
    assert (await refused(trading.submit(order(), PRINCIPAL))).reason == "OVERLOADED"


async def test_oms_gets_the_time_that_the_caller_has_left(trading, link):
    await trading.submit(order(), PRINCIPAL)
    token = deadline_at.set(asyncio.get_running_loop().time() + 1.0)
    try:
        await trading.submit(order(), PRINCIPAL)
    finally:
        deadline_at.reset(token)
    assert link.sent[0][1] == TIMEOUT_S
    assert 0.5 < link.sent[1][1] < 1.0


@pytest.fixture
def clock():
    return Clock(NOW)


@pytest.fixture
def exchange(trading, clock):
    return Exchange(trading, PRINCIPAL, clock)


def reason(result):
    return error_of(result.error).reason


async def test_items_are_answered_by_their_id(exchange):
    first = await exchange.answer(pb.ExchangeItem(id=7, submit_order=order()))
    second = await exchange.answer(pb.ExchangeItem(id=8, close_position=closing()))
    assert (first.id, first.WhichOneof("result")) == (7, "submitted")
    assert (second.id, second.WhichOneof("result")) == (8, "closed")


async def test_an_item_whose_id_is_in_flight_is_refused_and_the_first_goes_on(exchange, link):
    link.go.clear()
    first = asyncio.create_task(exchange.answer(pb.ExchangeItem(id=7, submit_order=order())))
    await asyncio.sleep(0)
    again = await exchange.answer(pb.ExchangeItem(id=7, submit_order=order(client_order_id="c-9")))
    assert (again.id, reason(again)) == (7, "ITEM_ID_REUSED")
    link.go.set()
    assert (await first).HasField("submitted")
    assert len(link.sent) == 1
    assert (await exchange.answer(pb.ExchangeItem(id=7, submit_order=order()))).HasField("submitted")


@pytest.mark.parametrize(
    "item",
    [
        pb.ExchangeItem(id=7),
        pb.ExchangeItem(id=7, submit_order=order(quantity="-1")),
        pb.ExchangeItem(id=7, close_position=pb.ClosePositionRequest(account_id="x")),
    ],
    ids=["nothing", "order", "closure"],
)
async def test_an_item_that_breaks_a_rule_is_answered_with_the_fields(exchange, link, item):
    error = error_of((await exchange.answer(item)).error)
    assert (error.kind, error.reason) == (Kind.INVALID, "FIELD_INVALID")
    assert error.violations
    assert link.sent == []


async def test_items_after_the_token_expired_are_refused(exchange, clock, link):
    clock.advance(seconds=600 + LEEWAY_S - 0.001)
    assert (await exchange.answer(pb.ExchangeItem(id=1, submit_order=order()))).HasField("submitted")
    clock.advance(seconds=0.001)
    assert reason(await exchange.answer(pb.ExchangeItem(id=2, submit_order=order()))) == "TOKEN_EXPIRED"
    assert len(link.sent) == 1
