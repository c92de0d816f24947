"""Demo users, accounts and money, made through the services' own calls; making them again changes nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

from tradeloom.client.v1 import trading_pb2 as client
from tradeloom.identity.v1 import identity_service_pb2 as identity
from tradeloom.identity.v1 import identity_service_pb2_grpc as identity_rpc
from tradeloom.oms.v1 import command_service_pb2 as oms
from tradeloom.oms.v1 import command_service_pb2_grpc as oms_rpc

from local.demo_users import GROUP, TENANT, USERS, DemoAccount, DemoUser
from local.ports import Ports
from services.kernel.errors import EngineError, Kind
from services.kit.channel import channel

CALL_S = 10.0


MODES = {"hedging": client.POSITION_MODE_HEDGING, "netting": client.POSITION_MODE_NETTING}


async def seed(ports: Ports) -> None:
    """Make what is missing of the demo data."""
    async with channel(ports.address("identity")) as to_identity, channel(ports.address("oms")) as to_oms:
        users = identity_rpc.IdentityServiceStub(to_identity)
        commands = oms_rpc.CommandServiceStub(to_oms)
        for user in USERS:
            await _call(users.CreateUser, _user_request(user))
            for account in user.accounts:
                await _call(commands.OpenAccount, _account_request(user, account))
                await _call(commands.Deposit, _deposit_request(account))


async def _call(method: Callable[..., Awaitable[Any]], request: Any) -> None:
    try:
        await method(request, timeout=CALL_S)
    except EngineError as error:
        # Made at an earlier start and changed since, by the people who use it: theirs now.
        if error.kind is not Kind.CONFLICT:
            raise


def _user_request(user: DemoUser) -> identity.CreateUserRequest:
    return identity.CreateUserRequest(
        user_id=user.user_id,
        tenant=TENANT,
        username=user.username,
        password=user.password,
        roles=[identity.ROLE_TRADER],
    )


def _account_request(user: DemoUser, account: DemoAccount) -> oms.OpenAccountRequest:
    return oms.OpenAccountRequest(
        account_id=account.account_id,
        tenant=TENANT,
        user_id=user.user_id,
        number=account.number,
        currency=account.currency,
        position_mode=MODES[account.mode],
        group=GROUP,
    )


def _deposit_request(account: DemoAccount) -> oms.DepositRequest:
    # The key makes it one deposit however often the system starts.
    return oms.DepositRequest(account_id=account.account_id, request_id="demo-deposit-1", amount=account.deposit)
