"""The whole of client_api on a unix socket, with real identity behind it and fakes for the other services."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from tradeloom.client.v1 import (
    account_service_pb2_grpc,
    auth_service_pb2_grpc,
    market_service_pb2_grpc,
    order_service_pb2_grpc,
    stream_service_pb2_grpc,
)

from services.client_api.config import ClientApiConfig
from services.client_api.main import Parts, composed, server_options
from services.identity.api import IdentityService
from services.identity.domain.session import Session, User
from services.kit.channel import channel
from services.kit.interceptors import standard_interceptors
from tests.fakes.identity import PASSWORD, TRADER, World
from tests.fakes.market_services import FakeQuoteFeed, FakeReference, settings
from tests.fakes.oms_service import FakeOms
from tests.fakes.subject import ACCOUNT, OTHER_TENANTS_ACCOUNT, OTHER_USER_ID, OTHERS_ACCOUNT, STREAM_URL
from tests.fakes.wire import serving

ORDER_TIMEOUT_S = 5.0


@dataclass
class Api:
    """A running client_api, and everything around it."""

    address: str
    channel: grpc.aio.Channel
    parts: Parts
    oms: FakeOms
    feed: FakeQuoteFeed
    identity: World
    stubs: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        """`api.SubmitOrder(request, token=…)`: any method of any public service."""
        for stub in self.stubs.values():
            if hasattr(stub, method):
                return Call(getattr(stub, method))
        raise AttributeError(method)

    def token(self, user: User = TRADER, audience: str = "client", lives_s: int = 600, **changed: Any) -> str:
        """An access token such as identity signs, of a session that it knows."""
        session = Session(UUID("018f4a00-0000-7000-8000-0000000000aa"), user)
        self.identity.store.sessions.setdefault(session.session_id, session)
        now = self.identity.clock()
        return self.identity.identity.signer.sign(session, audience, now, now + timedelta(seconds=lives_s))


@dataclass
class Call:
    """One method; `token` becomes the header."""

    method: Any

    def __call__(self, request: Any, token: str | None = None, **options: Any) -> Any:
        metadata = [("authorization", f"Bearer {token}")] if token else []
        return self.method(request, metadata=metadata + options.pop("metadata", []), **options)


def stubs(made: grpc.aio.Channel) -> dict[str, Any]:
    return {
        "AccountService": account_service_pb2_grpc.AccountServiceStub(made),
        "AuthService": auth_service_pb2_grpc.AuthServiceStub(made),
        "MarketService": market_service_pb2_grpc.MarketServiceStub(made),
        "OrderService": order_service_pb2_grpc.OrderServiceStub(made),
        "StreamService": stream_service_pb2_grpc.StreamServiceStub(made),
    }


@asynccontextmanager
async def running_api(folder: Path, order_timeout_s: float = ORDER_TIMEOUT_S) -> AsyncIterator[Api]:
    oms, feed, identity = FakeOms(), FakeQuoteFeed(), World()
    oms.add_account(ACCOUNT, str(TRADER.user_id))
    oms.add_account(OTHERS_ACCOUNT, OTHER_USER_ID)
    oms.add_account(OTHER_TENANTS_ACCOUNT, str(TRADER.user_id), tenant="other")
    reference = FakeReference(settings("EURUSD"), settings("USDJPY", 3), settings("XAUUSD", 2))
    await identity.store.add_user(TRADER, await identity.hasher.hash(PASSWORD), identity.clock())
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        config = ClientApiConfig(
            address=f"unix:{folder}/api",
            oms_address=await enter(serving(folder / "oms", oms.register)),
            reference_address=await enter(serving(folder / "reference", reference.register)),
            identity_address=await enter(serving(folder / "identity", IdentityService(identity.identity).register)),
            lp_manager_address=await enter(serving(folder / "lp", feed.register)),
            stream_url=STREAM_URL,
            order_timeout_s=order_timeout_s,
        )
        parts = await enter(composed(config))
        await parts.follower.first()
        await enter(_serving(config, parts))
        made = await enter(channel(config.address, deadline_s=10.0))
        yield Api(config.address, made, parts, oms, feed, identity, stubs(made))


@asynccontextmanager
async def _serving(config: ClientApiConfig, parts: Parts) -> AsyncIterator[None]:
    server = grpc.aio.server(
        interceptors=[*standard_interceptors(), *parts.interceptors], options=list(server_options(config).items())
    )
    for register in parts.services:
        register(server)
    server.add_insecure_port(config.address)
    await server.start()
    tasks = [asyncio.create_task(start()) for start in parts.background]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.stop(None)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with running_api(tmp_path) as made:
        yield made
