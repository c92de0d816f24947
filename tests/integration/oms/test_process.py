"""The order service as a process: real PostgreSQL, real Redis, its peers behind a socket."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest
from tradeloom.client.v1 import trading_pb2 as client_pb
from tradeloom.oms.v1 import command_service_pb2 as pb
from tradeloom.oms.v1 import events_pb2
from tradeloom.oms.v1 import query_service_pb2 as query_pb
from tradeloom.oms.v1.command_service_pb2_grpc import CommandServiceStub
from tradeloom.oms.v1.query_service_pb2_grpc import QueryServiceStub

from services.kernel.errors import EngineError
from services.kit import postgres
from services.kit.bus import Event, connect_bus
from services.kit.channel import channel
from services.kit.mux import ItemCaller
from services.oms.verify import verify
from tests.conftest import Database, short_folder
from tests.fakes.oms import USER, account_id
from tests.fakes.oms_peers import Peers
from tests.fakes.wire import serving

ROOT = Path(__file__).parents[3]
ACCOUNT = str(account_id(1))


@asynccontextmanager
async def running(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service until the block ends; killed if it is still there."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.oms", env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def environment(database: Database, redis_url: str, peers: str, address: str) -> dict[str, str]:
    """What the service is told."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
        "OMS_ADDRESS": address,
        "OMS_POSTGRES_URL": database.url("oms"),
        "OMS_POSTGRES_OWNER_URL": database.url("oms_owner"),
        "OMS_BUS_URL": redis_url,
        "OMS_REFERENCE_ADDRESS": peers,
        "OMS_ROUTER_ADDRESS": peers,
        "OMS_BBOOK_ADDRESS": peers,
        "OMS_LP_MANAGER_ADDRESS": peers,
        "OMS_DRAIN_S": "0",
        "OMS_GRACE_S": "1",
    }


async def opened(link: grpc.aio.Channel) -> None:
    """Opens and funds the account; by then the service is up."""
    commands = CommandServiceStub(link)
    await commands.OpenAccount(
        pb.OpenAccountRequest(
            account_id=ACCOUNT,
            tenant="demo",
            user_id=str(USER),
            number="D-1",
            currency="USD",
            position_mode=client_pb.POSITION_MODE_HEDGING,
            group="standard",
        ),
        wait_for_ready=True,
        timeout=30,
    )
    await commands.Deposit(pb.DepositRequest(account_id=ACCOUNT, request_id="d", amount="100000"), timeout=30)


def buying(key: str) -> pb.Command:
    """An order."""
    submit = pb.SubmitOrder(symbol="EURUSD", side=client_pb.SIDE_BUY, type=client_pb.ORDER_TYPE_MARKET, quantity="0.01")
    return pb.Command(account_id=ACCOUNT, client_order_id=key, submit_order=submit)


async def answered(caller: ItemCaller, key: str) -> pb.OrderOutcome:
    """Asks until the order is answered: just after a start the links to the peers may not stand yet."""
    async with asyncio.timeout(20):
        while True:
            try:
                result = await caller.call(buying(key))
            except EngineError:
                await asyncio.sleep(0.02)
                continue
            if result.WhichOneof("result") == "outcome":
                return result.outcome
            await asyncio.sleep(0.02)


@pytest.fixture
async def peers() -> AsyncIterator[str]:
    """The services that it calls; their quotes are sent to every follower."""
    made = Peers()
    with short_folder("oms") as folder:
        async with serving(folder / "peers.sock", made.register) as address:
            yield address


async def test_process_when_killed_under_load_then_no_acknowledged_order_is_lost(
    database: Database, redis_url: str, peers: str, tmp_path: Path
) -> None:
    with short_folder("oms2") as folder:
        address = f"unix:{folder / 'oms.sock'}"
        told = environment(database, redis_url, peers, address)
        received: list[events_pb2.AccountChanged] = []

        async def receive(event: Event) -> None:
            received.append(events_pb2.AccountChanged.FromString(event.payload))

        async with connect_bus(redis_url) as bus:
            subscription = await bus.subscribe("oms.account_events", "test", receive)
            await subscription.established()
            acknowledged = await _trade_and_kill(told, address)
            replayed, last_sequence = await _restart_and_ask_again(told, address, sorted(acknowledged))
            async with asyncio.timeout(10):
                while not received or received[-1].summary.sequence < last_sequence:  # noqa: ASYNC110 -- state, no event
                    await asyncio.sleep(0.01)
            await subscription.close()
    assert acknowledged == replayed
    seen = dict.fromkeys(change.sequence for event in received for change in event.changes)
    assert sorted(seen) == list(range(1, last_sequence + 1))
    async with postgres.pool(database.url("oms"), schema="oms") as pool:
        assert (await verify(pool)).faults == []
        assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


async def _trade_and_kill(told: dict[str, str], address: str) -> dict[str, str]:
    acknowledged: dict[str, str] = {}

    async def client(caller: Any, name: str) -> None:
        for at in range(1000):
            key = f"{name}-{at}"
            try:
                result = await caller.call(buying(key))
            except EngineError:
                return
            if result.WhichOneof("result") == "outcome":
                acknowledged[key] = result.outcome.order.order_id

    async with running(told) as process, channel(address) as link:
        await opened(link)
        commands = CommandServiceStub(link)
        opening = lambda: commands.ExecuteCommands(None)  # noqa: E731
        async with ItemCaller(opening, pb.ExecuteCommandsRequest, 5.0) as caller:
            first = await answered(caller, "first")
            acknowledged["first"] = first.order.order_id
            clients = [asyncio.create_task(client(caller, f"c{number}")) for number in range(8)]
            async with asyncio.timeout(20):
                while len(acknowledged) < 40:  # noqa: ASYNC110 -- a count is what is awaited
                    await asyncio.sleep(0.001)
            process.kill()
            await asyncio.gather(*clients)
        await process.wait()
    return acknowledged


async def _restart_and_ask_again(told: dict[str, str], address: str, keys: list[str]) -> tuple[dict[str, str], int]:
    async with running(told) as process, channel(address) as link:
        queries = QueryServiceStub(link)
        state = await queries.GetAccountState(
            query_pb.GetAccountStateRequest(account_id=ACCOUNT), wait_for_ready=True, timeout=30
        )
        commands = CommandServiceStub(link)
        opening = lambda: commands.ExecuteCommands(None)  # noqa: E731
        async with ItemCaller(opening, pb.ExecuteCommandsRequest, 5.0) as caller:
            outcomes = {key: await answered(caller, key) for key in keys}
        assert all(outcome.replayed for outcome in outcomes.values())
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
    return {key: outcome.order.order_id for key, outcome in outcomes.items()}, state.summary.sequence


async def test_process_when_the_configuration_is_wrong_then_says_so_and_exits_2(database: Database) -> None:
    told = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", "OMS_ADDRESS": "127.0.0.1:0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.oms", env=told, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, error = await process.communicate()
    assert process.returncode == 2
    assert b"variable OMS_" in error


async def test_role_then_reads_nothing_of_other_services(database: Database) -> None:
    connection: Any = await asyncpg.connect(database.url("oms"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE identity.mine (x int)")
    finally:
        await connection.close()
