"""A database of our own on the system's PostgreSQL server, dropped at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.load.system import System


@asynccontextmanager
async def scratch_database(system: System, name: str) -> AsyncIterator[str]:
    """Gives its URL."""
    admin = await asyncpg.connect(system.postgres_url("postgres"))
    try:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield system.postgres_url(name)
        finally:
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await admin.close()
