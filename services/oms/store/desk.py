"""Connections that are kept, and what their failures mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

# asyncpg.Pool resets a connection whenever it is given back: a round trip that an order would wait for.

# Every access here is by index. Left to itself the server plans statements and foreign keys while the tables are small,
# decides to scan them whole, and keeps those plans while they grow.
SETTINGS = (
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
    "SET plan_cache_mode = force_generic_plan; SET jit = off"
)

# The server ended the connection; what it was doing may have been done.
ENDED = ("08", "57P")


PoolConnection = Any  # A proxy of asyncpg's that its stubs keep apart from the connection it stands for.


class Desk:
    """Keeps connections of a pool between uses. One that failed is not used again."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._idle: list[PoolConnection] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PoolConnection]:
        """A connection for one use; concurrent uses get one each."""
        connection = await self._take()
        try:
            yield connection
        except BaseException as error:
            if server_answered(error) and not connection.is_closed():
                self._idle.append(connection)
            else:
                connection.terminate()
                await self._pool.release(connection)
            raise
        self._idle.append(connection)

    async def close(self) -> None:
        """Gives all connections back to the pool."""
        while self._idle:
            await self._pool.release(self._idle.pop())

    async def _take(self) -> PoolConnection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            await self._pool.release(connection)
        connection = await self._pool.acquire()
        try:
            await connection.execute(SETTINGS)
        except BaseException:
            await self._pool.release(connection)
            raise
        return connection


def server_answered(error: BaseException) -> bool:
    """Whether the server itself said no, so that nothing was done and the connection is good."""
    return isinstance(error, asyncpg.PostgresError) and not (error.sqlstate or "08").startswith(ENDED)
