"""What the store makes of a database that can't be reached."""

import asyncpg
import pytest

from services.identity.store import PostgresSessionStore
from services.kernel.errors import EngineError, Kind
from tests.fakes.identity import TRADER


class BrokenPool:
    """A pool whose every query fails."""

    def __init__(self, error):
        self._error = error

    async def fetchrow(self, *_):
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("no server"),
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError("the connection was closed"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.TooManyConnectionsError("sorry"),
        asyncpg.InterfaceError("the pool is closed"),
    ],
)
async def test_a_database_that_cannot_be_reached_is_unavailable_so_that_callers_retry(error):
    with pytest.raises(EngineError) as caught:
        await PostgresSessionStore(BrokenPool(error)).user(TRADER.user_id)
    assert (caught.value.kind, caught.value.reason) == (Kind.UNAVAILABLE, "STORE_UNAVAILABLE")


async def test_a_mistake_in_a_statement_stays_a_bug():
    with pytest.raises(asyncpg.UndefinedColumnError):
        await PostgresSessionStore(BrokenPool(asyncpg.UndefinedColumnError("no such column"))).user(TRADER.user_id)
