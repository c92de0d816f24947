"""A real Envoy before a real gRPC server with canned answers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import grpc
import httpx
import pytest

from mesh.local.gateway import GatewaySettings
from tests.mesh import backend as canned
from tests.mesh.backend import Backend
from tests.mesh.envoy_process import Gateway, running
from tests.mesh.tokens import Issuer, bearer

ROOT = Path(__file__).parents[2]
ORIGIN = "http://localhost:5173"


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """Who signs good tokens."""
    return Issuer()


@pytest.fixture(scope="session")
async def _served() -> AsyncIterator[tuple[Backend, str]]:
    backend = Backend()
    server = canned.server(backend)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield backend, f"127.0.0.1:{port}"
    await server.stop(grace=None)


@pytest.fixture(scope="session")
def settings(issuer: Issuer, _served: tuple[Backend, str], tmp_path_factory: pytest.TempPathFactory) -> GatewaySettings:
    """The settings of the gateway under test."""
    folder = tmp_path_factory.mktemp("gateway")
    issuer.write_jwks(folder / "jwks.json")
    return GatewaySettings(
        descriptor_set=ROOT / "gen" / "tradeloom.binpb",
        jwks=folder / "jwks.json",
        port=0,
        admin_port=0,
        client_api_address=_served[1],
        allowed_origins=(ORIGIN,),
        access_log=folder / "access.log",
    )


@pytest.fixture(scope="session")
async def gateway(settings: GatewaySettings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """The gateway."""
    async with running(settings, tmp_path_factory.mktemp("envoy")) as running_gateway:
        yield running_gateway


@pytest.fixture
async def narrow_gateway(settings: GatewaySettings, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway that lets three requests a second in."""
    async with running(replace(settings, requests_per_second=3), tmp_path) as running_gateway:
        yield running_gateway


@pytest.fixture
def backend(_served: tuple[Backend, str]) -> Backend:
    """What stands behind the gateway, with nothing recorded."""
    backend = _served[0]
    backend.calls.clear()
    backend.orders.clear()
    backend.go_on.clear()
    return backend


@pytest.fixture
async def anonymous(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client without a token."""
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
        yield client


@pytest.fixture
async def trader(gateway: Gateway, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client with a trader's token."""
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20, headers=bearer(issuer.token())) as client:
        yield client


@pytest.fixture
async def viewer(gateway: Gateway, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client with the token of somebody who may only look."""
    headers = bearer(issuer.token(roles=["viewer"]))
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20, headers=headers) as client:
        yield client


@pytest.fixture
async def channel(gateway: Gateway) -> AsyncIterator[grpc.aio.Channel]:
    """A gRPC channel to the gateway."""
    async with grpc.aio.insecure_channel(gateway.address) as made:
        yield made
