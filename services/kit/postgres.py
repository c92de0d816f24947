"""PostgreSQL: the pool of a service, and its migrations.

A service has a schema of its own name, a role of its own name that it runs as, and an owner role that migrates. What
the running role may do is what the migrations grant, so no service can change what is append-only.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.kernel.errors import EngineError, Kind
from services.kit import telemetry

STATEMENT_TIMEOUT_MS = 5_000
CONNECT_TIMEOUT_S = 5.0

# The server can't be reached or can't take more; a mistake in a statement is not among them and stays a bug.
_UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)

_log = telemetry.logger(__name__)


class MigrationError(Exception):
    """The schema and the migration files don't fit together."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One forward-only step: `NNNN_name.sql`, run in a transaction of its own."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@asynccontextmanager
async def pool(url: str, *, schema: str, min_size: int = 1, max_size: int = 4) -> AsyncIterator[asyncpg.Pool]:
    """A pool whose connections see the schema first and give up on a statement after 5 s."""
    settings = {"search_path": schema, "statement_timeout": str(STATEMENT_TIMEOUT_MS), "application_name": schema}
    async with asyncpg.create_pool(
        url, min_size=min_size, max_size=max_size, timeout=CONNECT_TIMEOUT_S, server_settings=settings
    ) as made:
        yield made


@contextmanager
def reachable(message: str) -> Iterator[None]:
    """Turns the failures of a database that can't be reached into `STORE_UNAVAILABLE` with the message."""
    try:
        yield
    except _UNREACHABLE as error:
        raise EngineError(Kind.UNAVAILABLE, "STORE_UNAVAILABLE", message) from error


async def migrate(owner_url: str, schema: str, folder: Path) -> list[str]:
    """Brings the schema up to the newest file of the folder; returns the names of what was run.

    Raises `MigrationError` when a file that ran was changed or removed since. Safe to run from several processes.
    """
    connection = await asyncpg.connect(
        owner_url, timeout=CONNECT_TIMEOUT_S, server_settings={"search_path": schema, "application_name": schema}
    )
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"migrate:{schema}")
        await connection.execute(_DONE_TABLE)
        pending = _pending(read_migrations(folder), await _done(connection))
        for migration in pending:
            await _run(connection, migration)
            _log.info("migrated", schema=schema, migration=migration.name)
        return [migration.name for migration in pending]
    finally:
        await connection.close()


def read_migrations(folder: Path) -> list[Migration]:
    """The migrations of a folder, in order. Raises `MigrationError` for a gap, a double or a misnamed file."""
    migrations = []
    for expected, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        number = path.name.partition("_")[0]
        if not number.isdigit() or int(number) != expected:
            raise MigrationError(f"{path.name} must be named {expected:04d}_<name>.sql")
        migrations.append(Migration(expected, path.stem, path.read_text(encoding="utf-8")))
    return migrations


def _pending(migrations: list[Migration], done: dict[int, tuple[str, str]]) -> list[Migration]:
    if len(done) > len(migrations):
        raise MigrationError(f"the schema has migration {max(done):04d}, which this version does not know")
    for migration in migrations[: len(done)]:
        if done[migration.number][1] != migration.checksum:
            raise MigrationError(f"{migration.name} was changed after it ran; add a new migration instead")
    return migrations[len(done) :]


async def _done(connection: asyncpg.Connection) -> dict[int, tuple[str, str]]:
    rows = await connection.fetch("SELECT number, name, checksum FROM migration ORDER BY number")
    return {row["number"]: (row["name"], row["checksum"]) for row in rows}


async def _run(connection: asyncpg.Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.checksum,
        )


_DONE_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    ran_at timestamptz NOT NULL DEFAULT now()
)
"""
