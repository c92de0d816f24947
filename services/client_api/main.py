"""Composition root of client_api."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
from tradeloom.client.v1 import (
    account_service_pb2,
    auth_service_pb2,
    market_service_pb2,
    order_service_pb2,
    stream_service_pb2,
)

from services.client_api import clients
from services.client_api.access import AccessInterceptor, permissions_of
from services.client_api.account_api import AccountService
from services.client_api.api import AuthService, StreamService
from services.client_api.config import ClientApiConfig
from services.client_api.instruments import Instruments
from services.client_api.market_api import MarketService
from services.client_api.order_api import OrderService
from services.client_api.owners import Owners
from services.client_api.quotes import QuoteTable
from services.client_api.trading import Trading
from services.kernel.clock import monotonic, utc_now
from services.kit.channel import channel
from services.kit.config import load
from services.kit.server import Background, Register, serve
from services.kit.tokens import Verifier

AUDIENCE = "client"
# A password is hashed on purpose slowly, and others may wait before.
LOGIN_DEADLINE_S = 5.0
METADATA_BYTES_MAX = 16 * 1024

CONTRACTS = (account_service_pb2, auth_service_pb2, market_service_pb2, order_service_pb2, stream_service_pb2)
PERMISSIONS = permissions_of(
    service for contract in CONTRACTS for service in contract.DESCRIPTOR.services_by_name.values()
)


async def main() -> None:
    """Serves until stopped."""
    config = load(ClientApiConfig, "client_api")
    async with composed(config) as parts:
        await parts.follower.first()
        await serve(
            config,
            "client_api",
            parts.services,
            interceptors=parts.interceptors,
            background=parts.background,
            options=server_options(config),
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """The service, put together."""

    services: list[Register]
    interceptors: list[grpc.aio.ServerInterceptor]
    background: list[Background]
    follower: clients.ReferenceFollower


@asynccontextmanager
async def composed(config: ClientApiConfig) -> AsyncIterator[Parts]:
    """Puts the service together; its links are open inside the block."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        oms = await enter(channel(config.oms_address))
        identity = await enter(channel(config.identity_address, deadline_s=LOGIN_DEADLINE_S))
        reference = await enter(channel(config.reference_address))
        lp_manager = await enter(channel(config.lp_manager_address))
        link = await enter(clients.order_link(oms, config.order_timeout_s))

        instruments = Instruments()
        follower = clients.ReferenceFollower(reference, instruments)
        quotes = QuoteTable(instruments.quote_age_us_max, monotonic)
        owners = Owners(clients.owner_finder(oms))
        trading = Trading(link, owners, config.order_timeout_s)
        verifier = Verifier(clients.jwks_fetcher(identity), config.issuer, AUDIENCE)
        yield Parts(
            services=[
                AuthService(identity).register,
                StreamService(identity, config.stream_url).register,
                MarketService(instruments, quotes, utc_now).register,
                AccountService(oms, owners).register,
                OrderService(oms, trading, owners, utc_now).register,
            ],
            interceptors=[AccessInterceptor(verifier, PERMISSIONS)],
            background=[
                follower.keep,
                lambda: clients.follow_quotes(lp_manager, quotes),
                lambda: clients.keep_expiring(quotes),
            ],
            follower=follower,
        )


def server_options(config: ClientApiConfig) -> dict[str, int]:
    """What one connection from outside may do."""
    return {
        "grpc.max_receive_message_length": config.message_bytes_max,
        "grpc.max_concurrent_streams": config.streams_per_connection_max,
        "grpc.max_metadata_size": METADATA_BYTES_MAX,
    }
