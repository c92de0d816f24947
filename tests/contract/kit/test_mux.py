"""Hot links over real streams: matching, order, concurrency, breaks, time-outs."""

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest
from tradeloom.oms.v1 import command_service_pb2 as oms_pb
from tradeloom.oms.v1 import command_service_pb2_grpc as oms_rpc
from tradeloom.router.v1 import router_service_pb2 as router_pb
from tradeloom.router.v1 import router_service_pb2_grpc as router_rpc

from services.kernel.errors import EngineError, Kind
from services.kit import mux
from services.kit.channel import channel
from services.kit.interceptors import Streams, standard_interceptors
from services.kit.mux import BatchCaller, ItemCaller, answer_batches, answer_items

WAIT_S = 30


class Commands(oms_rpc.CommandServiceServicer):
    """Answers each command as `handle` says."""

    def __init__(self, handle):
        self._handle = handle
        self.requests = []
        self.messages_sent = 0

    async def ExecuteCommands(self, request_iterator, context):
        async def noted():
            async for request in request_iterator:
                self.requests.append(request)
                yield request

        async for response in answer_items(noted(), oms_pb.ExecuteCommandsResponse, self._handle):
            self.messages_sent += 1
            yield response

    def register(self, server):
        oms_rpc.add_CommandServiceServicer_to_server(self, server)


class Routes(router_rpc.RouterServiceServicer):
    """Answers each batch as `handle` says."""

    def __init__(self, handle):
        self._handle = handle

    async def RouteBatch(self, request_iterator, context):
        async for response in answer_batches(request_iterator, self._handle):
            yield response

    def register(self, server):
        router_rpc.add_RouterServiceServicer_to_server(self, server)


class Link:
    """A server that can be killed and started again at the same address, and callers to it."""

    def __init__(self, folder, stack):
        self.address = f"unix:{folder}/s"
        self._stack = stack
        self._server = None

    async def start(self, servicer):
        self.streams = Streams()
        self._server = grpc.aio.server(interceptors=standard_interceptors(self.streams))
        servicer.register(self._server)
        self._server.add_insecure_port(self.address)
        await self._server.start()
        self._stack.push_async_callback(self._server.stop, None)

    async def kill(self):
        await self._server.stop(None)

    async def items(self, timeout_s=WAIT_S):
        stub = oms_rpc.CommandServiceStub(await self._stack.enter_async_context(channel(self.address)))
        caller = ItemCaller(stub.ExecuteCommands, oms_pb.ExecuteCommandsRequest, timeout_s)
        return await self._stack.enter_async_context(caller)

    async def batches(self, timeout_s=WAIT_S):
        stub = router_rpc.RouterServiceStub(await self._stack.enter_async_context(channel(self.address)))
        return await self._stack.enter_async_context(BatchCaller(stub.RouteBatch, timeout_s))


@pytest.fixture
async def link(tmp_path):
    async with AsyncExitStack() as stack:
        yield Link(tmp_path, stack)


def command(name):
    return oms_pb.Command(client_order_id=name)


def result(item):
    return oms_pb.CommandResult(id=item.id, outcome={"order": {"client_order_id": item.client_order_id}})


def name_of(answer):
    return answer.outcome.order.client_order_id


async def echo(item):
    return result(item)


def route_all(request):
    return router_pb.RouteBatchResponse(items=[router_pb.RouteDecision(order_id=i.order_id) for i in request.items])


async def failed(awaitable):
    with pytest.raises(EngineError) as caught:
        await awaitable
    return caught.value.kind, caught.value.reason


async def eventually(ask):
    """The first answer of a link that is being made anew."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                return await ask()
            except EngineError as error:
                if error.reason != "OUTCOME_UNKNOWN":
                    raise


async def test_each_item_gets_its_own_answer(link):
    await link.start(Commands(echo))
    caller = await link.items()
    answers = await asyncio.gather(*(caller.call(command(f"c{n}")) for n in range(500)))
    assert [name_of(answer) for answer in answers] == [f"c{n}" for n in range(500)]


async def test_what_is_queued_leaves_in_few_messages(link):
    servicer = Commands(echo)
    await link.start(servicer)
    caller = await link.items()
    await caller.call(command("first"))
    await asyncio.gather(*(caller.call(command(f"c{n}")) for n in range(2500)))
    sizes = [len(request.items) for request in servicer.requests]
    assert sum(sizes) == 2501
    assert len(sizes) < 10
    assert max(sizes) <= mux.ITEMS_MAX
    assert servicer.messages_sent < 1000


async def test_items_are_worked_on_at_once_and_a_slow_one_holds_nobody_up(link):
    release = asyncio.Event()

    async def handle(item):
        if item.client_order_id == "slow":
            await release.wait()
        return result(item)

    await link.start(Commands(handle))
    caller = await link.items()
    slow = asyncio.create_task(caller.call(command("slow")))
    assert name_of(await caller.call(command("quick"))) == "quick"
    assert not slow.done()
    release.set()
    assert name_of(await slow) == "slow"


async def test_an_answer_that_does_not_come_in_time_has_an_unknown_outcome_and_the_link_goes_on(link):
    async def handle(item):
        if item.client_order_id == "never":
            await asyncio.Event().wait()
        return result(item)

    await link.start(Commands(handle))
    caller = await link.items()
    assert await failed(caller.call(command("never"), timeout_s=0.05)) == (Kind.TIMEOUT, "OUTCOME_UNKNOWN")
    assert name_of(await caller.call(command("next"))) == "next"


async def test_an_answer_that_comes_too_late_is_nobody_elses(link):
    release = asyncio.Event()

    async def handle(item):
        if item.client_order_id == "late":
            await release.wait()
        return result(item)

    await link.start(Commands(handle))
    caller = await link.items()
    assert (await failed(caller.call(command("late"), timeout_s=0.05)))[0] is Kind.TIMEOUT
    release.set()
    answers = await asyncio.gather(*(caller.call(command(f"c{n}")) for n in range(50)))
    assert [name_of(answer) for answer in answers] == [f"c{n}" for n in range(50)]


async def test_when_the_link_breaks_then_what_is_in_flight_has_an_unknown_outcome_and_later_calls_work(link):
    arrived = asyncio.Event()

    async def hang(item):
        arrived.set()
        await asyncio.sleep(WAIT_S)
        return result(item)

    await link.start(Commands(hang))
    caller = await link.items()
    calls = [asyncio.create_task(caller.call(command(f"c{n}"))) for n in range(3)]
    async with asyncio.timeout(WAIT_S):
        await arrived.wait()
        await link.kill()
        for call in calls:
            assert await failed(call) == (Kind.UNAVAILABLE, "OUTCOME_UNKNOWN")
    await link.start(Commands(echo))
    assert name_of(await eventually(lambda: caller.call(command("again"), timeout_s=1))) == "again"


async def test_when_nobody_listens_then_calls_fail_and_work_once_somebody_does(link):
    caller = await link.items()
    _, reason = await failed(caller.call(command("c"), timeout_s=1))
    assert reason == "OUTCOME_UNKNOWN"
    await link.start(Commands(echo))
    assert name_of(await eventually(lambda: caller.call(command("again"), timeout_s=1))) == "again"


async def test_when_the_server_stops_politely_then_what_it_has_taken_is_still_answered(link):
    arrived, release = asyncio.Event(), asyncio.Event()

    async def handle(item):
        arrived.set()
        await release.wait()
        return result(item)

    await link.start(Commands(handle))
    caller = await link.items()
    call = asyncio.create_task(caller.call(command("last")))
    async with asyncio.timeout(WAIT_S):
        await arrived.wait()
        link.streams.end()
        release.set()
        assert name_of(await call) == "last"


async def test_what_was_begun_is_finished_though_the_caller_is_gone(link):
    arrived, release, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(item):
        arrived.set()
        await release.wait()
        finished.set()
        return result(item)

    await link.start(Commands(handle))
    async with channel(link.address) as made:
        stream = oms_rpc.CommandServiceStub(made).ExecuteCommands()
        await stream.write(oms_pb.ExecuteCommandsRequest(items=[command("c")]))
        async with asyncio.timeout(WAIT_S):
            await arrived.wait()
            stream.cancel()
            release.set()
            await finished.wait()


async def test_something_that_cannot_be_sent_fails_and_the_link_is_made_anew(link):
    await link.start(Commands(echo))
    caller = await link.items()
    odd = router_pb.RouteBatchRequest()
    caller._queue.append(odd)  # Not an item at all: putting it into a message raises.
    caller._queued.set()
    assert name_of(await eventually(lambda: caller.call(command("next"), timeout_s=1))) == "next"


async def test_more_calls_than_may_wait_are_refused_before_anything_is_sent(link, monkeypatch):
    monkeypatch.setattr(mux, "IN_FLIGHT_MAX", 2)
    servicer = Commands(echo)
    caller = await link.items()
    waiting = [asyncio.create_task(caller.call(command(f"c{n}"), timeout_s=1)) for n in range(2)]
    await asyncio.sleep(0)
    assert await failed(caller.call(command("one too many"))) == (Kind.LIMITED, "OVERLOADED")
    await asyncio.gather(*waiting, return_exceptions=True)
    await link.start(servicer)
    assert name_of(await eventually(lambda: caller.call(command("room again"), timeout_s=1))) == "room again"


async def test_each_batch_gets_its_own_answer(link):
    await link.start(Routes(route_all))
    caller = await link.batches()

    async def ask(n):
        items = [router_pb.OrderToRoute(order_id=f"{n}-{m}") for m in range(3)]
        return [item.order_id for item in (await caller.call(router_pb.RouteBatchRequest(items=items))).items]

    answers = await asyncio.gather(*(ask(n) for n in range(100)))
    assert answers == [[f"{n}-{m}" for m in range(3)] for n in range(100)]


async def test_a_batch_that_is_refused_breaks_the_link_which_is_made_anew(link):
    def handle(request):
        if not request.items:
            raise EngineError(Kind.INVALID, "FIELD_INVALID", "items must not be empty")
        return route_all(request)

    await link.start(Routes(handle))
    caller = await link.batches()
    assert await failed(caller.call(router_pb.RouteBatchRequest())) == (Kind.UNAVAILABLE, "OUTCOME_UNKNOWN")
    good = router_pb.RouteBatchRequest(items=[router_pb.OrderToRoute(order_id="a")])
    answer = await eventually(lambda: caller.call(good, timeout_s=1))
    assert answer.items[0].order_id == "a"


async def test_a_caller_that_is_closed_leaves_no_call_waiting(link):
    async def hang(item):
        await asyncio.sleep(WAIT_S)
        return result(item)

    await link.start(Commands(hang))
    async with channel(link.address) as made:
        caller = ItemCaller(oms_rpc.CommandServiceStub(made).ExecuteCommands, oms_pb.ExecuteCommandsRequest, WAIT_S)
        async with caller:
            call = asyncio.create_task(caller.call(command("c")))
            await asyncio.sleep(0)
    async with asyncio.timeout(WAIT_S / 2):
        assert await failed(call) == (Kind.UNAVAILABLE, "OUTCOME_UNKNOWN")
