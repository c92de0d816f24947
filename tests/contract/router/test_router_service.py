"""The promises of `tradeloom.router.v1.RouterService`, on the wire."""

import grpc
import pytest
from tradeloom.router.v1 import router_service_pb2 as pb
from tradeloom.router.v1 import router_service_pb2_grpc as rpc

from services.kit.channel import channel
from services.kit.mux import BatchCaller
from services.kit.status import error_of_call
from services.router.api import RouterService
from services.router.handlers import Routing
from tests.fakes.router_rules import MemoryRuleStore, rule
from tests.fakes.wire import serving


@pytest.fixture
async def routing():
    made = Routing(
        MemoryRuleStore(rule("gold", 1, symbol="XAUUSD"), rule("pro", 2, group="pro"), rule("demo", 9, tenant="demo"))
    )
    await made.refresh()
    return made


@pytest.fixture
async def stub(tmp_path, routing):
    async with serving(tmp_path / "s", RouterService(routing).register) as address, channel(address) as made:
        yield rpc.RouterServiceStub(made)


def order(order_id, symbol="EURUSD", group="standard", tenant="demo"):
    return pb.OrderToRoute(order_id=order_id, symbol=symbol, group=group, tenant=tenant)


async def test_route_batch_answers_each_batch_with_its_id_and_the_items_in_order(stub):
    call = stub.RouteBatch()
    await call.write(
        pb.RouteBatchRequest(batch_id=7, items=[order("a"), order("b", "XAUUSD"), order("c", group="pro")])
    )
    await call.write(pb.RouteBatchRequest(batch_id=3))
    first, second = await call.read(), await call.read()
    call.cancel()
    assert first.batch_id == 7
    assert list(first.items) == [
        pb.RouteDecision(order_id="a", book=pb.BOOK_B, rule_id="demo", rule_version=1),
        pb.RouteDecision(order_id="b", book=pb.BOOK_B, rule_id="gold", rule_version=1),
        pb.RouteDecision(order_id="c", book=pb.BOOK_B, rule_id="pro", rule_version=1),
    ]
    assert second == pb.RouteBatchResponse(batch_id=3)


async def test_route_batch_when_no_rule_matches_then_the_decision_names_no_book(stub):
    async with BatchCaller(stub.RouteBatch, 5.0) as caller:
        response = await caller.call(pb.RouteBatchRequest(items=[order("a", tenant="other")]))
    assert list(response.items) == [pb.RouteDecision(order_id="a", book=pb.BOOK_UNSPECIFIED)]


async def test_route_batch_of_too_many_orders_is_refused(stub):
    call = stub.RouteBatch()
    await call.write(pb.RouteBatchRequest(items=[order("a")] * 1025))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert error_of_call(caught.value).reason == "FIELD_INVALID"


async def test_list_rules_gives_those_in_force_first_match_first(stub):
    response = await stub.ListRules(pb.ListRulesRequest())
    assert list(response.rules) == [
        pb.Rule(rule_id="gold", version=1, priority=1, symbol="XAUUSD", book=pb.BOOK_B),
        pb.Rule(rule_id="pro", version=1, priority=2, group="pro", book=pb.BOOK_B),
        pb.Rule(rule_id="demo", version=1, priority=9, tenant="demo", book=pb.BOOK_B),
    ]
