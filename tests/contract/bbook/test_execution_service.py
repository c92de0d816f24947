"""The promises of `tradeloom.bbook.v1.ExecutionService`, on the wire, with an LP manager that the test plays."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import grpc
import pytest
from tradeloom.bbook.v1 import execution_service_pb2 as pb
from tradeloom.bbook.v1 import execution_service_pb2_grpc as rpc
from tradeloom.client.v1 import trading_pb2
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb

from services.bbook.api import ExecutionService
from services.bbook.clients import QuoteClient, ReferenceClient
from services.bbook.handlers import House
from services.kernel.clock import monotonic_us
from services.kit.channel import channel
from services.kit.mux import BatchCaller
from services.kit.status import error_of_call
from tests.fakes.quotes import FakeQuotes, FakeReference, settings
from tests.fakes.wire import serving

BUY, SELL = trading_pb2.SIDE_BUY, trading_pb2.SIDE_SELL
NOW = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
EPOCH = 1_700_000_000_000_000
WAIT_S = 30


class Running:
    """A B-book with an LP manager and a reference that the test plays."""

    def __init__(self, folder):
        self.folder = folder
        self.lp_manager = FakeQuotes()
        self.reference = FakeReference(settings("EURUSD"), settings("USDJPY", 3), settings("US500", 1, tradable=False))
        self.house = House()
        self.quotes_stack = AsyncExitStack()

    async def start(self, stack):
        stack.push_async_callback(self.kill_quotes)
        quotes = await self.start_quotes()
        reference = await stack.enter_async_context(serving(self.folder / "r", self.reference.register))
        client = ReferenceClient(await stack.enter_async_context(channel(reference)))
        self.house.set_conditions(await client.conditions_at_last())
        following = QuoteClient(await stack.enter_async_context(channel(quotes)), monotonic_us)
        task = asyncio.create_task(following.follow_quotes(self.house))
        stack.callback(task.cancel)
        service = ExecutionService(self.house, lambda: NOW, monotonic_us)
        address = await stack.enter_async_context(serving(self.folder / "s", service.register))
        self.stub = rpc.ExecutionServiceStub(await stack.enter_async_context(channel(address)))
        self.caller = await stack.enter_async_context(BatchCaller(self.stub.ExecuteBatch, WAIT_S))

    async def start_quotes(self):
        return await self.quotes_stack.enter_async_context(serving(self.folder / "q", self.lp_manager.register))

    async def kill_quotes(self):
        await self.quotes_stack.aclose()

    async def execute(self, *items):
        orders = [
            pb.OrderToExecute(order_id=f"o{n}", symbol=symbol, side=side, quantity="0.10")
            for n, (symbol, side) in enumerate(items)
        ]
        response = await self.caller.call(pb.ExecuteBatchRequest(items=orders))
        assert [item.order_id for item in response.items] == [order.order_id for order in orders]
        return list(response.items)

    async def until(self, condition, symbol="EURUSD", side=BUY):
        """Executes until the result is as wanted."""
        async with asyncio.timeout(WAIT_S):
            while True:
                (result,) = await self.execute((symbol, side))
                if condition(result):
                    return result


@pytest.fixture
async def running(tmp_path):
    async with AsyncExitStack() as stack:
        made = Running(tmp_path)
        await made.start(stack)
        yield made


def quote(symbol="EURUSD", bid=110000, ask=110012, sequence=1, **others):
    fields = {"digits": 5, "bid_quantity": 100 if bid else 0, "ask_quantity": 100 if ask else 0} | others
    return lp_pb.Quote(symbol=symbol, bid_points=bid, ask_points=ask, sequence=sequence, epoch=EPOCH, **fields)


def filled(result):
    return result.HasField("execution")


def refusal(result):
    assert result.WhichOneof("result") == "refusal"
    return trading_pb2.RejectReason.Name(result.refusal)


async def test_execute_batch_fills_buys_at_the_ask_and_sells_at_the_bid_of_the_current_quote(running):
    running.lp_manager.send(quote(sequence=17), quote("USDJPY", 150001, 150009, 4, digits=3))
    await running.until(filled)
    buy, sell, yen = await running.execute(("EURUSD", BUY), ("EURUSD", SELL), ("USDJPY", BUY))
    assert (buy.execution.price, sell.execution.price, yen.execution.price) == ("1.10012", "1.10000", "150.009")
    assert (buy.execution.quote_id, yen.execution.quote_id) == (f"{EPOCH}-17", f"{EPOCH}-4")
    assert buy.execution.time.ToDatetime(tzinfo=UTC) == NOW
    assert 0 <= buy.execution.quote_age_us < WAIT_S * 1_000_000


async def test_execute_batch_counts_the_age_from_the_first_reception(running):
    running.lp_manager.send(quote(age_us=400_000))
    result = await running.until(filled)
    assert 400_000 <= result.execution.quote_age_us < 400_000 + WAIT_S * 1_000_000


async def test_execute_batch_answers_with_the_batch_id_and_an_empty_batch_too(running):
    call = running.stub.ExecuteBatch()
    await call.write(pb.ExecuteBatchRequest(batch_id=9))
    assert await call.read() == pb.ExecuteBatchResponse(batch_id=9)
    call.cancel()


async def test_execute_batch_before_the_first_quote_refuses(running):
    (result,) = await running.execute(("EURUSD", BUY))
    assert refusal(result) == "REJECT_REASON_PRICE_UNAVAILABLE"


async def test_execute_batch_at_a_quote_that_is_too_old_refuses(running):
    running.lp_manager.send(quote("USDJPY"), quote(age_us=5_000_001))
    await running.until(filled, "USDJPY")
    (result,) = await running.execute(("EURUSD", BUY))
    assert refusal(result) == "REJECT_REASON_PRICE_UNAVAILABLE"


async def test_execute_batch_on_a_side_without_a_price_refuses_that_side_only(running):
    running.lp_manager.send(quote(bid=0))
    await running.until(filled)
    buy, sell = await running.execute(("EURUSD", BUY), ("EURUSD", SELL))
    assert filled(buy)
    assert refusal(sell) == "REJECT_REASON_PRICE_UNAVAILABLE"


async def test_execute_batch_of_an_instrument_that_is_not_tradable_refuses(running):
    running.lp_manager.send(quote("US500", 50001, 50005, digits=1))
    (result,) = await running.execute(("US500", BUY))
    assert refusal(result) == "REJECT_REASON_INSTRUMENT_DISABLED"


async def test_execute_batch_of_an_unknown_symbol_refuses_it_and_fills_the_rest(running):
    running.lp_manager.send(quote(), quote("NOSUCH"))
    await running.until(filled)
    unknown, known = await running.execute(("NOSUCH", BUY), ("EURUSD", SELL))
    assert refusal(unknown) == "REJECT_REASON_PRICE_UNAVAILABLE"
    assert filled(known)


async def test_execute_batch_when_the_lp_manager_dies_then_refuses_until_it_is_back(running):
    running.lp_manager.send(quote())
    await running.until(filled)
    await running.kill_quotes()
    result = await running.until(lambda r: not filled(r))
    assert refusal(result) == "REJECT_REASON_PRICE_UNAVAILABLE"
    await running.start_quotes()
    running.lp_manager.send(quote(ask=110050, sequence=2))
    result = await running.until(filled)
    assert result.execution.price == "1.10050"


async def test_execute_batch_when_the_lp_manager_hangs_then_refuses(running):
    running.lp_manager.send(quote())
    await running.until(filled)
    running.lp_manager.feed.mute()
    result = await running.until(lambda r: not filled(r))
    assert refusal(result) == "REJECT_REASON_PRICE_UNAVAILABLE"


@pytest.mark.parametrize(
    "items",
    [
        [pb.OrderToExecute(order_id="a", symbol="EURUSD", side=BUY)] * 1025,
        [pb.OrderToExecute(order_id="a", symbol="EURUSD")],
        [pb.OrderToExecute(order_id="a", symbol="EURUSD", side=7)],
    ],
    ids=["too-many", "no-side", "unknown-side"],
)
async def test_execute_batch_of_a_broken_request_is_refused_whole(running, items):
    call = running.stub.ExecuteBatch()
    await call.write(pb.ExecuteBatchRequest(items=items))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_of_call(caught.value).reason == "FIELD_INVALID"
