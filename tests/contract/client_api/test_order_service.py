"""The promises of `tradeloom.client.v1.OrderService`, on the wire."""

import asyncio

import grpc
import pytest
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import trading_pb2
from tradeloom.oms.v1 import command_service_pb2 as oms_pb

from services.client_api.order_api import ITEMS_MAX
from services.kernel.errors import EngineError, Kind
from services.kit.status import error_of, error_of_call, status_of
from tests.fakes.subject import ACCOUNT, OTHERS_ACCOUNT

POSITION = "018f4a00-0000-7000-8000-00000000b001"
WAIT_S = 10.0


def order(**changed):
    fields = {"account_id": ACCOUNT, "client_order_id": "c-1", "symbol": "EURUSD", "side": 1, "type": 1}
    return pb.SubmitOrderRequest(**{**fields, "quantity": "1.00", **changed})


def closing(**changed):
    fields = {"account_id": ACCOUNT, "position_id": POSITION, "client_order_id": "c-2"}
    return pb.ClosePositionRequest(**{**fields, **changed})


async def refused(call):
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value


def fail_with(api, error):
    async def execute(command):
        raise error

    api.oms.execute = execute


async def test_submit_order_is_filled_and_says_all_that_oms_said(api):
    response = await api.SubmitOrder(order(), token=api.token())
    assert response.order.state == trading_pb2.ORDER_STATE_FILLED
    assert (response.order.client_order_id, response.order.quantity) == ("c-1", "1.00")
    assert [(fill.price, fill.quote_id) for fill in response.fills] == [("1.10001", "7-42")]
    assert (response.summary.balance, response.replayed) == ("100000.00", False)


async def test_submit_order_again_is_the_replayed_answer_without_summary(api):
    first = await api.SubmitOrder(order(), token=api.token())
    again = await api.SubmitOrder(order(), token=api.token())
    assert (again.order, list(again.fills), again.replayed) == (first.order, list(first.fills), True)
    assert not again.HasField("summary")


@pytest.mark.parametrize("quantity", [None, "0.40"])
async def test_close_position_closes_all_or_the_part_that_was_named(api, quantity):
    response = await api.ClosePosition(closing(quantity=quantity), token=api.token())
    [command] = api.oms.commands
    assert command.close_position.position_id == POSITION
    assert command.close_position.HasField("quantity") == (quantity is not None)
    assert response.order.quantity == (quantity or "1.00")
    assert (await api.ClosePosition(closing(quantity=quantity), token=api.token())).replayed


async def test_an_order_that_is_refused_for_margin_is_an_answer(api):
    rejected = trading_pb2.Order(
        state=trading_pb2.ORDER_STATE_REJECTED, reject_reason=trading_pb2.REJECT_REASON_MARGIN_INSUFFICIENT
    )

    async def execute(command):
        return oms_pb.CommandResult(outcome=oms_pb.OrderOutcome(order=rejected))

    api.oms.execute = execute
    assert (await api.SubmitOrder(order(), token=api.token())).order == rejected


@pytest.mark.parametrize(
    "error",
    [
        EngineError(Kind.CONFLICT, "CLIENT_ORDER_ID_REUSED", "used for another order", clientOrderId="c-1"),
        EngineError(Kind.NOT_FOUND, "SYMBOL_UNKNOWN", "'DOGUSD' is not traded here", symbol="DOGUSD"),
        EngineError(Kind.INVALID, "QUANTITY_OUT_OF_RANGE", "0.01 to 100 lots", minQuantity="0.01"),
        EngineError(Kind.INVALID, "QUANTITY_STEP", "a multiple of 0.01", quantityStep="0.01"),
        EngineError(Kind.LIMITED, "OVERLOADED", "try again"),
    ],
    ids=lambda error: error.reason,
)
async def test_an_error_of_oms_comes_through_whole_on_both_ways(api, error):
    fail_with(api, error)
    unary = await refused(api.SubmitOrder(order(), token=api.token()))
    assert (unary.kind, unary.reason, unary.message, unary.metadata) == (
        error.kind,
        error.reason,
        error.message,
        error.metadata,
    )
    async with Exchange(api) as exchange:
        [result] = await exchange.ask(pb.ExchangeItem(id=3, submit_order=order()))
    assert result == pb.ExchangeResult(id=3, error=status_of(error))


@pytest.mark.parametrize(
    "changed",
    [
        {"account_id": "1"},
        {"client_order_id": ""},
        {"client_order_id": "x" * 65},
        {"client_order_id": "a\x01b"},
        {"symbol": "eurusd"},
        {"symbol": "A=B"},
        {"side": 0},
        {"side": 9},
        {"type": 0},
        {"quantity": ""},
        {"quantity": "-1"},
        {"quantity": "NaN"},
        {"quantity": "1e3"},
        {"quantity": "1.123456789"},
    ],
    ids=str,
)
async def test_an_order_that_breaks_a_rule_names_the_field_and_never_reaches_oms(api, changed):
    error = await refused(api.SubmitOrder(order(**changed), token=api.token()))
    assert (error.kind, error.reason) == (Kind.INVALID, "FIELD_INVALID")
    assert [field for field, _ in error.violations] == list(changed)
    async with Exchange(api) as exchange:
        [result] = await exchange.ask(pb.ExchangeItem(id=1, submit_order=order(**changed)))
    assert error_of(result.error).violations[0][0] == f"submit_order.{next(iter(changed))}"
    assert api.oms.commands == []


async def test_when_no_answer_comes_in_time_the_outcome_is_unknown_and_can_be_asked_for(api):
    answering = asyncio.Event()
    filled = api.oms.execute

    async def execute(command):
        result = await filled(command)
        await answering.wait()
        return result

    api.oms.execute = execute
    error = await refused(api.SubmitOrder(order(), token=api.token(), timeout=0.4))
    assert (error.kind, error.reason) == (Kind.TIMEOUT, "OUTCOME_UNKNOWN")
    assert "GetOrderByClientId" in error.message
    asked = pb.GetOrderByClientIdRequest(account_id=ACCOUNT, client_order_id="c-1")
    assert (await api.GetOrderByClientId(asked, token=api.token())).order.state == trading_pb2.ORDER_STATE_FILLED
    answering.set()
    assert (await api.SubmitOrder(order(), token=api.token())).replayed


async def test_when_the_link_breaks_the_outcome_is_unknown_and_the_next_order_goes_through(api):
    reached = asyncio.Event()
    fill = api.oms.execute

    async def execute(command):
        reached.set()
        await asyncio.Event().wait()

    api.oms.execute = execute
    call = asyncio.create_task(refused(api.SubmitOrder(order(), token=api.token())))
    await asyncio.wait_for(reached.wait(), WAIT_S)
    api.oms.break_links.set()
    error = await asyncio.wait_for(call, WAIT_S)
    assert (error.kind, error.reason, error.metadata) == (
        Kind.UNAVAILABLE,
        "OUTCOME_UNKNOWN",
        {"clientOrderId": "c-1"},
    )
    api.oms.break_links.clear()
    api.oms.execute = fill
    assert (await api.SubmitOrder(order(), token=api.token())).order.state == trading_pb2.ORDER_STATE_FILLED


async def test_get_order_finds_it_by_either_id(api):
    placed = await api.SubmitOrder(order(), token=api.token())
    by_id = await api.GetOrder(
        pb.GetOrderRequest(account_id=ACCOUNT, order_id=placed.order.order_id), token=api.token()
    )
    by_client_id = await api.GetOrderByClientId(
        pb.GetOrderByClientIdRequest(account_id=ACCOUNT, client_order_id="c-1"), token=api.token()
    )
    assert (by_id.order, list(by_id.fills)) == (placed.order, list(placed.fills))
    assert (by_client_id.order, list(by_client_id.fills)) == (placed.order, list(placed.fills))


async def test_get_order_when_there_is_none_says_so(api):
    by_id = pb.GetOrderRequest(account_id=ACCOUNT, order_id=POSITION)
    by_client_id = pb.GetOrderByClientIdRequest(account_id=ACCOUNT, client_order_id="nothing")
    for call, request in ((api.GetOrder, by_id), (api.GetOrderByClientId, by_client_id)):
        error = await refused(call(request, token=api.token()))
        assert (error.kind, error.reason) == (Kind.NOT_FOUND, "ORDER_UNKNOWN")


async def test_lists_pass_limits_and_cursors_through(api):
    orders = await api.ListOrders(
        pb.ListOrdersRequest(account_id=ACCOUNT, limit=7, cursor="orders-1"), token=api.token()
    )
    fills = await api.ListFills(pb.ListFillsRequest(account_id=ACCOUNT, limit=8, cursor="fills-1"), token=api.token())
    assert (orders.orders[0].order_id, orders.next_cursor) == ("o", "orders-2")
    assert (fills.fills[0].fill_id, fills.next_cursor) == ("f", "fills-2")
    asked = [request for request in api.oms.asked if hasattr(request, "cursor")]
    assert [(request.limit, request.cursor) for request in asked] == [(7, "orders-1"), (8, "fills-1")]


@pytest.mark.parametrize("changed", [{"limit": -1}, {"limit": 1001}, {"cursor": "x" * 257}], ids=str)
async def test_a_page_that_breaks_a_rule_is_refused(api, changed):
    for call, request in (
        (api.ListOrders, pb.ListOrdersRequest(account_id=ACCOUNT, **changed)),
        (api.ListFills, pb.ListFillsRequest(account_id=ACCOUNT, **changed)),
    ):
        assert (await refused(call(request, token=api.token()))).reason == "FIELD_INVALID"


async def test_a_request_larger_than_64_kib_is_not_read(api):
    error = await refused(api.SubmitOrder(order(symbol="X" * 70_000), token=api.token()))
    assert error.kind is Kind.LIMITED


class Exchange:
    """A stream of orders, seen by the client."""

    def __init__(self, api, token=None):
        self._call = api.ExchangeOrders(None, token=token or api.token())

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self._call.cancel()

    async def send(self, *items):
        await self._call.write(pb.ExchangeOrdersRequest(items=items))

    async def results(self, count):
        found = []
        while len(found) < count:
            response = await asyncio.wait_for(self._call.read(), WAIT_S)
            assert response is not grpc.aio.EOF
            found.extend(response.items)
        return found

    async def ask(self, *items):
        await self.send(*items)
        return await self.results(len(items))

    async def end(self):
        await self._call.done_writing()
        return await asyncio.wait_for(self._call.read(), WAIT_S)


async def test_exchange_answers_each_item_by_its_id(api):
    async with Exchange(api) as exchange:
        results = await exchange.ask(
            pb.ExchangeItem(id=2, submit_order=order()), pb.ExchangeItem(id=9, close_position=closing())
        )
    answers = {result.id: result for result in results}
    assert answers[2].submitted.order.client_order_id == "c-1"
    assert answers[2].submitted.summary.balance == "100000.00"
    assert answers[9].closed.order.client_order_id == "c-2"


async def test_exchange_when_one_item_is_slow_answers_the_others_first(api):
    slow, fill = asyncio.Event(), api.oms.execute

    async def execute(command):
        if command.client_order_id == "slow":
            await slow.wait()
        return await fill(command)

    api.oms.execute = execute
    async with Exchange(api) as exchange:
        await exchange.send(
            pb.ExchangeItem(id=1, submit_order=order(client_order_id="slow")),
            pb.ExchangeItem(id=2, submit_order=order(client_order_id="fast")),
        )
        assert [result.id for result in await exchange.results(1)] == [2]
        slow.set()
        assert [result.id for result in await exchange.results(1)] == [1]


async def test_exchange_leaves_the_stream_open_after_bad_items(api):
    async with Exchange(api) as exchange:
        results = await exchange.ask(
            pb.ExchangeItem(id=1),
            pb.ExchangeItem(id=2, submit_order=order(account_id=OTHERS_ACCOUNT)),
            pb.ExchangeItem(id=3, submit_order=order()),
        )
        answers = {result.id: result for result in results}
        assert error_of(answers[1].error).reason == "FIELD_INVALID"
        assert error_of(answers[2].error).reason == "ACCOUNT_UNKNOWN"
        assert answers[3].HasField("submitted")
        assert (await exchange.ask(pb.ExchangeItem(id=4, submit_order=order())))[0].submitted.replayed


async def test_exchange_refuses_an_id_that_is_in_flight(api):
    waiting, fill = asyncio.Event(), api.oms.execute

    async def execute(command):
        await waiting.wait()
        return await fill(command)

    api.oms.execute = execute
    async with Exchange(api) as exchange:
        await exchange.send(
            pb.ExchangeItem(id=5, submit_order=order()), pb.ExchangeItem(id=5, submit_order=order(client_order_id="b"))
        )
        [refusal] = await exchange.results(1)
        assert (refusal.id, error_of(refusal.error).reason) == (5, "ITEM_ID_REUSED")
        waiting.set()
        [answer] = await exchange.results(1)
        assert answer.submitted.order.client_order_id == "c-1"


async def test_exchange_when_the_caller_is_done_answers_all_and_ends(api):
    async with Exchange(api) as exchange:
        await exchange.ask(pb.ExchangeItem(id=1, submit_order=order()))
        assert await exchange.end() is grpc.aio.EOF


async def test_exchange_when_the_link_breaks_says_that_the_outcome_is_unknown_and_goes_on(api):
    reached, fill = asyncio.Event(), api.oms.execute

    async def execute(command):
        reached.set()
        await asyncio.Event().wait()

    api.oms.execute = execute
    async with Exchange(api) as exchange:
        await exchange.send(pb.ExchangeItem(id=1, submit_order=order()))
        await asyncio.wait_for(reached.wait(), WAIT_S)
        api.oms.break_links.set()
        [result] = await exchange.results(1)
        error = error_of(result.error)
        assert (error.kind, error.reason) == (Kind.UNAVAILABLE, "OUTCOME_UNKNOWN")
        api.oms.break_links.clear()
        api.oms.execute = fill
        [answer] = await exchange.ask(pb.ExchangeItem(id=2, submit_order=order()))
        assert answer.HasField("submitted")


async def test_exchange_after_the_token_expired_answers_with_that(api):
    async with Exchange(api, api.token(lives_s=-4)) as exchange:  # Within the leeway, for another second.
        number, reasons = 0, []
        async with asyncio.timeout(WAIT_S):
            while "TOKEN_EXPIRED" not in reasons:
                number += 1
                [result] = await exchange.ask(pb.ExchangeItem(id=number, submit_order=order()))
                reasons.append(error_of(result.error).reason if result.HasField("error") else "")
        assert set(reasons[:-1]) <= {""}


async def test_exchange_when_a_message_has_too_many_items_ends_with_the_field(api):
    call = api.ExchangeOrders(None, token=api.token())
    await call.write(pb.ExchangeOrdersRequest(items=[pb.ExchangeItem(id=n + 1) for n in range(ITEMS_MAX + 1)]))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(call.read(), WAIT_S)
    error = error_of_call(caught.value)
    assert (error.kind, error.reason, error.metadata) == (Kind.INVALID, "FIELD_INVALID", {"field": "items"})
