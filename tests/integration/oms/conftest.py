"""The order service's books on a real PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from services import oms
from services.kit import postgres
from services.oms.store.desk import Desk
from tests.conftest import Database

SQL = Path(oms.__file__).parent / "sql"


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    """Connections as the service's own role, to migrated books."""
    await postgres.migrate(database.url("oms_owner"), "oms", SQL)
    async with postgres.pool(database.url("oms"), schema="oms", max_size=8) as made:
        yield made


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> AsyncIterator[Desk]:
    """Kept connections."""
    made = Desk(pool)
    yield made
    await made.close()
