"""Servers for the tests: embedded by default, real ones where an environment variable names them.

TRADELOOM_TEST_POSTGRES_URL    superuser URL; replaces the embedded PostgreSQL 18
TRADELOOM_TEST_POSTGRES15_URL  superuser URL; every test that needs PostgreSQL runs on it as well
TRADELOOM_TEST_REDIS_URL       replaces the embedded Redis; its data is flushed
TRADELOOM_TEST_RABBITMQ_URL    else a broker on 127.0.0.1:5672 if one answers, else skipped
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import redis

from local import database as layout
from local.postgres import FAST, SUPERUSER, Cluster, initialise, usable_binaries
from local.privileges import unprivileged
from local.redis import Redis, usable_binary

PASSWORD = "test"
READY_S = 20.0
_names = count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A server under test, and how to reach it as any role."""

    admin_url: str

    def url(self, role: str, database: str) -> str:
        """Return the URL of one database for one role; the superuser keeps the URL's own name and password."""
        parts = urlsplit(self.admin_url)
        user, password = (parts.username or SUPERUSER, parts.password or "")
        if role != "postgres":
            user, password = role, PASSWORD
        host = parse_qs(parts.query).get("host", [""])[0]
        place = parts.netloc.rpartition("@")[2]
        query = f"?{parts.query}" if host or parts.query else ""
        return f"postgresql://{user}:{password}@{place}/{database}{query}"


@dataclass(frozen=True)
class Database:
    """A fresh database with a schema, an owner and a runtime role for each service."""

    server: PostgresServer
    name: str

    def url(self, role: str = "postgres") -> str:
        """Return its URL for a role: `oms`, `oms_owner`, …, or `postgres` for the superuser."""
        return self.server.url(role, self.name)


@contextmanager
def short_folder(name: str) -> Iterator[Path]:
    """Give a folder that the unprivileged account can enter, with room in a socket's 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix=f"tl-{name}-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a server process running inside the block; it dies with this one, however this one ends."""
    guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    with log.open("wb") as out:
        process = subprocess.Popen([*guard, *command], stdout=out, stderr=out, cwd="/", **unprivileged())
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def until_ready(probe: Callable[[], object], process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll until the probe stops raising; fail with the log when the process dies or takes too long."""
    async with asyncio.timeout(READY_S):
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended:\n{_tail(log)}")
            try:
                await asyncio.to_thread(probe)
            except Exception:
                await asyncio.sleep(0.02)
            else:
                return


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


@asynccontextmanager
async def embedded_postgres() -> AsyncIterator[str]:
    """Run a PostgreSQL of our own; gives its superuser URL."""
    with short_folder("pg") as folder:
        cluster = Cluster(usable_binaries(folder / "bin"), folder / "data", folder / "s")
        await asyncio.to_thread(initialise, cluster, PASSWORD)
        url = cluster.url(SUPERUSER, PASSWORD, "postgres")
        # Fast shutdown is SIGINT for PostgreSQL; SIGTERM waits for clients, and ours are gone by then.
        with running(cluster.command(FAST), folder / "log") as process:
            await until_ready(lambda: asyncio.run(_ping_postgres(url)), process, folder / "log")
            yield url


async def _ping_postgres(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    await connection.close()


def _postgres_servers() -> list[str]:
    return ["postgres", "postgres15"] if os.environ.get("TRADELOOM_TEST_POSTGRES15_URL") else ["postgres"]


@pytest.fixture(scope="session", params=_postgres_servers())
async def postgres_server(request: pytest.FixtureRequest) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL server with the services' roles."""
    given = os.environ.get(f"TRADELOOM_TEST_{request.param.upper()}_URL")
    async with nullcontext(given) if given else embedded_postgres() as url:
        server = PostgresServer(url)
        await _create_template(server)
        yield server
        await _administer(server, f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")


TEMPLATE = f"tradeloom_template_{os.getpid()}"


async def _administer(server: PostgresServer, statement: str) -> None:
    admin = await asyncpg.connect(server.admin_url)
    try:
        await admin.execute(statement)
    finally:
        await admin.close()


async def _create_template(server: PostgresServer) -> None:
    admin = await asyncpg.connect(server.admin_url)
    try:
        await layout.create_roles(admin, dict.fromkeys(layout.roles(), PASSWORD))
        await admin.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        await layout.create_database(admin, TEMPLATE)
    finally:
        await admin.close()
    inside = await asyncpg.connect(server.url("postgres", TEMPLATE))
    try:
        await layout.create_schemas(inside)
    finally:
        await inside.close()


@asynccontextmanager
async def fresh_database(server: PostgresServer) -> AsyncIterator[Database]:
    """Make a database from the template and drop it afterwards, whoever is still connected."""
    name = f"tradeloom_{os.getpid()}_{next(_names)}"
    admin = await asyncpg.connect(server.admin_url)
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        await admin.execute(f"GRANT CONNECT ON DATABASE {name} TO {', '.join(layout.roles())}")
        yield Database(server, name)
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def database(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    """A fresh database for one test."""
    async with fresh_database(postgres_server) as made:
        yield made


@pytest.fixture(scope="module")
async def module_database(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    """A fresh database for the tests of one module, where making one for each would be slow."""
    async with fresh_database(postgres_server) as made:
        yield made


@pytest.fixture(scope="session")
async def redis_server() -> AsyncIterator[str]:
    """A Redis server's URL, for the whole session; take `redis_url` unless a clean one is not needed."""
    given = os.environ.get("TRADELOOM_TEST_REDIS_URL")
    if given:
        yield given
        return
    with short_folder("redis") as folder:
        server = Redis(usable_binary(folder / "bin"), folder / "data", folder / "s" / "redis.sock")
        server.prepare()
        with running(server.command(durable=False), folder / "log") as process:
            await until_ready(lambda: _redis_call(server.url, "PING"), process, folder / "log")
            yield server.url


def _redis_call(url: str, command: str) -> None:
    client = redis.Redis.from_url(url)
    try:
        client.execute_command(command)  # type: ignore[no-untyped-call]
    finally:
        client.close()


@pytest.fixture
async def redis_url(redis_server: str) -> str:
    """The URL of a Redis server that holds nothing."""
    await asyncio.to_thread(_redis_call, redis_server, "FLUSHALL")
    return redis_server


RABBIT_HELP = (
    "no RabbitMQ: set TRADELOOM_TEST_RABBITMQ_URL, or run one command: "
    "apt-get install -y rabbitmq-server && service rabbitmq-server start"
)


@pytest.fixture(scope="session")
async def rabbit_url() -> str:
    """The URL of a RabbitMQ broker; the test is skipped where there is none."""
    import aio_pika

    given = os.environ.get("TRADELOOM_TEST_RABBITMQ_URL", "")
    url = given or "amqp://guest:guest@127.0.0.1:5672/"
    try:
        connection = await aio_pika.connect(url, timeout=3)
    except (OSError, TimeoutError, aio_pika.exceptions.AMQPError) as error:
        if given:  # Asked for by name: its absence is a failure, not a reason to skip.
            raise
        pytest.skip(f"{RABBIT_HELP} ({error})")
    await connection.close()
    return url
