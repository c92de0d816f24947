"""Whom the load trades as: one user with many netting accounts, made once and used again by later runs."""

import asyncio
import json
from uuid import UUID

import grpc
from tradeloom.client.v1 import trading_pb2
from tradeloom.identity.v1 import identity_service_pb2 as identity_pb
from tradeloom.identity.v1 import identity_service_pb2_grpc as identity_rpc
from tradeloom.oms.v1 import command_service_pb2 as oms_pb
from tradeloom.oms.v1 import command_service_pb2_grpc as oms_rpc

from tests.load import http_client
from tests.load.system import System

COUNT = 200
USERNAME, PASSWORD = "load@demo.tradeloom.example", "load-trader-1"
_TENANT, _GROUP = "demo", "standard"
_USER = UUID("018f4a00-0000-7000-8000-0000000a0000")
_FIRST = UUID("018f4a00-0000-7000-8000-0000000b0000")
_DEPOSIT = "10000000.00"
_CALL_S = 10.0
_AT_ONCE = 16


async def prepare(system: System, count: int = COUNT) -> tuple[str, ...]:
    """Makes the user and the accounts, unless they are there, and gives the accounts' ids."""
    async with grpc.aio.insecure_channel(system.ports.address("identity")) as channel:
        user = identity_pb.CreateUserRequest(
            user_id=str(_USER),
            tenant=_TENANT,
            username=USERNAME,
            password=PASSWORD,
            roles=[identity_pb.ROLE_TRADER],
        )
        await identity_rpc.IdentityServiceStub(channel).CreateUser(user, timeout=_CALL_S)
    async with grpc.aio.insecure_channel(system.ports.address("oms")) as channel:
        commands = oms_rpc.CommandServiceStub(channel)
        room = asyncio.Semaphore(_AT_ONCE)
        return tuple(await asyncio.gather(*(_open(commands, room, number) for number in range(count))))


async def _open(commands: "oms_rpc.CommandServiceAsyncStub", room: asyncio.Semaphore, number: int) -> str:
    account_id = str(UUID(int=_FIRST.int + number))
    account = oms_pb.OpenAccountRequest(
        account_id=account_id,
        tenant=_TENANT,
        user_id=str(_USER),
        number=f"L-{number:04}",
        currency="USD",
        position_mode=trading_pb2.POSITION_MODE_NETTING,
        group=_GROUP,
    )
    deposit = oms_pb.DepositRequest(account_id=account_id, request_id="load-start", amount=_DEPOSIT)
    async with room:
        await commands.OpenAccount(account, timeout=_CALL_S)
        await commands.Deposit(deposit, timeout=_CALL_S)
    return account_id


async def log_in(system: System) -> str:
    """A fresh access token."""
    body = await post(system, "/v1/auth/login", {"username": USERNAME, "password": PASSWORD})
    return str(body["tokens"]["access_token"])


async def post(system: System, path: str, body: dict[str, object], token: str = "") -> dict[str, dict[str, str]]:
    """One REST call that has to succeed."""
    answered: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
    async with http_client.Pool(system.gateway, 1) as pool:
        message = http_client.request(pool.host, path, json.dumps(body).encode(), token)
        pool.call(message, lambda status, text: answered.set_result((status, text)))
        status, text = await asyncio.wait_for(answered, _CALL_S)
    if status != 200:
        raise RuntimeError(f"POST {path} was answered {status}: {text[:300].decode(errors='replace')}")
    return dict(json.loads(text))
