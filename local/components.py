"""Every process of a local system, declared in one place."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from signal import SIGINT, SIGTERM

import asyncpg

from local import credentials, database, envoy, keys, postgres, providers, readiness, redis
from local.component import Component
from local.paths import Paths
from local.ports import HOST, PROVIDERS, SERVICES, Ports
from local.privileges import unprivileged
from local.stale import clear_stale_postmaster

ISSUER = "tradeloom"
# Where the web pages under development are served from; the gateway and the WebSocket accept no other origin.
ORIGINS = ("http://localhost:5173", "http://127.0.0.1:5173")
# gRPC's older event loop: less than half the latency of a stream here, and half again as many calls.
GRPC_EXPERIMENTS = "-event_engine_client,-event_engine_listener"

# Which services a service calls. It starts without them and copes; it stops before them.
CALLS = {
    "reference": (),
    "identity": (),
    "router": (),
    "fix_gateway": ("reference", *PROVIDERS),
    "lp_manager": ("reference", "fix_gateway"),
    "bbook": ("reference", "lp_manager"),
    "oms": ("reference", "router", "bbook", "lp_manager"),
    "client_api": ("reference", "identity", "oms", "lp_manager"),
    "stream": ("reference", "identity", "oms", "lp_manager"),
}
ON_BUS = ("oms", "stream")


@dataclass(frozen=True)
class System:
    """One local system: its data directory, its ports and how its servers are reached."""

    paths: Paths
    ports: Ports
    passwords: Mapping[str, str]
    cluster: postgres.Cluster
    redis: redis.Redis
    envoy: envoy.Envoy

    def postgres_url(self, role: str, name: str = database.DATABASE) -> str:
        """Return the URL of a database for a role."""
        return self.cluster.url(role, self.passwords[role], name)

    def components(self) -> list[Component]:
        """Return every process, in the order in which a person would name them."""
        return [
            self._postgres(),
            self._redis(),
            *(self._provider(name, seed) for seed, name in enumerate(PROVIDERS, 1)),
            *(self._service(name) for name in SERVICES),
            self._gateway(),
        ]

    def _postgres(self) -> Component:
        return Component(
            name="postgres",
            address=str(self.cluster.sockets),
            command=tuple(self.cluster.command()),
            identity=unprivileged(),
            ready=readiness.postgres(self.postgres_url(postgres.SUPERUSER, "postgres")),
            before=self._prepare_postgres,
            after=self._create_schemas,
            stop_signal=SIGINT,  # PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave
            orphan_signal=SIGINT,
        )

    async def _prepare_postgres(self) -> None:
        await asyncio.to_thread(postgres.initialise, self.cluster, self.passwords[postgres.SUPERUSER])
        await clear_stale_postmaster(self.cluster.data)

    async def _create_schemas(self) -> None:
        admin = await asyncpg.connect(self.postgres_url(postgres.SUPERUSER, "postgres"))
        try:
            await database.create_roles(admin, dict(self.passwords))
            await database.create_database(admin, database.DATABASE)
        finally:
            await admin.close()
        inside = await asyncpg.connect(self.postgres_url(postgres.SUPERUSER))
        try:
            await database.create_schemas(inside)
        finally:
            await inside.close()

    def _redis(self) -> Component:
        return Component(
            name="redis",
            address=str(self.redis.socket),
            command=tuple(self.redis.command()),
            identity=unprivileged(),
            ready=readiness.redis(self.redis.url),
            before=self._prepare_redis,
            orphan_signal=SIGTERM,
        )

    async def _prepare_redis(self) -> None:
        self.redis.prepare()

    def _provider(self, name: str, seed: int) -> Component:
        port = self.ports.provider(name)
        store = self.paths.fix / f"provider-{name}"
        options = ["--name", name, "--host", HOST, "--port", str(port), "--seed", str(seed), "--store", str(store)]
        if rate := os.environ.get(providers.RATE):
            options += ["--rate", rate]
        return Component(
            name=name,
            address=f"{HOST}:{port}",
            command=(sys.executable, "-m", "simulators.lp", *options),
            environment=_environment({}),
            ready=readiness.tcp(HOST, port),
        )

    def _service(self, name: str) -> Component:
        needs = ("postgres",) if name in database.SCHEMAS else ()
        return Component(
            name=name,
            address=self.ports.address(name),
            command=(sys.executable, "-m", f"services.{name}"),
            environment=_environment({f"{name.upper()}_{key}": value for key, value in self._settings(name).items()}),
            ready=readiness.grpc_health(self.ports.address(name)),
            needs=needs,
            uses=CALLS[name] + (("redis",) if name in ON_BUS else ()),
            before=self._write_providers if name == "fix_gateway" else _nothing,
        )

    async def _write_providers(self) -> None:
        providers.write(self.paths.fix / "providers.toml", self.ports)

    def _settings(self, name: str) -> dict[str, str]:
        common = {
            "ADDRESS": self.ports.address(name),
            "METRICS_ADDRESS": f"{HOST}:{self.ports.metrics(name)}",
            "DRAIN_S": "0.1",  # nothing routes around a stopping service here
        }
        called = {f"{peer.upper()}_ADDRESS": self.ports.address(peer) for peer in CALLS[name] if peer in SERVICES}
        stored = (
            {"POSTGRES_URL": self.postgres_url(name), "POSTGRES_OWNER_URL": self.postgres_url(f"{name}_owner")}
            if name in database.SCHEMAS
            else {}
        )
        bus = {"BUS_URL": self.redis.url} if name in ON_BUS else {}
        return common | called | stored | bus | self._own_settings().get(name, {})

    def _own_settings(self) -> dict[str, dict[str, str]]:
        websocket = f"{HOST}:{self.ports.websocket}"
        return {
            "identity": {"SIGNING_KEY_FILE": str(self.paths.signing_key), "ISSUER": ISSUER},
            "lp_manager": {"PROVIDER_STALE_MS": "3000"},
            "fix_gateway": {
                "PROVIDERS_FILE": str(self.paths.fix / "providers.toml"),
                "STORE_DIR": str(self.paths.fix / "store"),
            },
            "client_api": {"STREAM_URL": f"ws://{websocket}/v1/stream", "ISSUER": ISSUER},
            "stream": {"WEBSOCKET_ADDRESS": websocket, "ISSUER": ISSUER, "ORIGINS": ",".join(ORIGINS)},
        }

    def _gateway(self) -> Component:
        return Component(
            name="gateway",
            address=f"{HOST}:{self.ports.gateway}",
            command=tuple(self.envoy.command()),
            identity=unprivileged(),
            ready=readiness.http(HOST, self.ports.envoy_admin, "/ready"),
            before=self._configure_gateway,
            needs=("client_api",),
        )

    async def _configure_gateway(self) -> None:
        public = keys.load_or_create(self.paths.signing_key).public_key()
        self.envoy.configure(self.ports, keys.jwks(public), ORIGINS)


async def _nothing() -> None:
    """Have nothing to do before a start."""


def _environment(settings: dict[str, str]) -> dict[str, str]:
    """Return what a process of ours sees: a service refuses to start on variables of its name that it does not know."""
    prefixes = tuple(f"{name.upper()}_" for name in SERVICES)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    grpc = {
        "GRPC_VERBOSITY": inherited.get("GRPC_VERBOSITY", "ERROR"),
        "GRPC_EXPERIMENTS": inherited.get("TRADELOOM_GRPC_EXPERIMENTS", GRPC_EXPERIMENTS),
    }
    return {**inherited, **grpc, "PYTHONUNBUFFERED": "1", **settings}


def system(paths: Paths, ports: Ports) -> System:
    """Describe the system of a data directory, whose passwords and keys are made now unless they exist."""
    keys.load_or_create(paths.signing_key)
    return System(
        paths=paths,
        ports=ports,
        passwords=credentials.load_or_create(paths),
        cluster=postgres.Cluster(postgres.usable_binaries(paths.programs), paths.postgres, paths.sockets),
        redis=redis.Redis(redis.usable_binary(paths.programs), paths.redis, paths.sockets / "redis.sock"),
        envoy=envoy.Envoy(envoy.usable_binary(paths.programs), paths.envoy),
    )
