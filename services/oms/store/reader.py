"""The books as queries read them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from services.kernel.ids import AccountId
from services.oms.domain.ledger import LedgerEntry
from services.oms.domain.orders import Fill, Order
from services.oms.domain.state import AccountState
from services.oms.ports import Aggregate, Change, Page, RecordedOrder, StoreFailed
from services.oms.store import rows
from services.oms.store.books import PostgresBooks
from services.oms.store.desk import Desk

TIMEOUT_S = 2.0


class PostgresReader:
    """Reads the books in PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._books = PostgresBooks(desk)

    async def load_one(self, account_id: AccountId) -> Aggregate | None:
        """The account as committed."""
        return (await self._books.load([account_id])).get(account_id)

    async def version_of(self, account_id: AccountId) -> int | None:
        """The version of the account's row."""
        found = await self._fetch("SELECT version FROM account WHERE account_id = $1", account_id)
        return found[0]["version"] if found else None

    async def accounts_of(self, user_id: UUID) -> Sequence[AccountState]:
        """The accounts of a user, by number, without positions."""
        found = await self._fetch("SELECT * FROM account WHERE user_id = $1 ORDER BY number", user_id)
        return [rows.aggregate_of(row, ()).state for row in found]

    async def order(
        self, account_id: AccountId, *, order_id: UUID | None, client_order_id: str
    ) -> RecordedOrder | None:
        """One order, by its id or by the client's."""
        if order_id is not None:
            found = await self._fetch(_ORDER_BY_ID, account_id, order_id)
        else:
            found = await self._fetch(_ORDER_BY_KEY, account_id, client_order_id)
        if not found:
            return None
        fills = await self._fetch(_FILLS_OF_ORDER, account_id, found[0]["order_id"])
        return RecordedOrder(rows.order_of(found[0]), tuple(rows.fill_of(row) for row in fills))

    async def orders(self, account_id: AccountId, page: Page) -> Sequence[Order]:
        """Orders, newest first."""
        return [rows.order_of(row) for row in await self._page("orders", "order_id", account_id, page)]

    async def fills(self, account_id: AccountId, page: Page) -> Sequence[Fill]:
        """Fills, newest first."""
        return [rows.fill_of(row) for row in await self._page("fill", "fill_id", account_id, page)]

    async def entries(self, account_id: AccountId, page: Page) -> Sequence[LedgerEntry]:
        """Movements of money, newest first."""
        return [rows.entry_of(row) for row in await self._page("ledger_entry", "transaction_id", account_id, page)]

    async def changes(self, account_id: AccountId, since: int, limit: int) -> tuple[Sequence[Change], int]:
        """Journal entries after `since`, oldest first, and the account's last sequence; 0 for an unknown account."""
        found = await self._fetch(_CHANGES, account_id, since, limit)
        last = found[0]["last_sequence"] if found else 0
        return [Change(row["sequence"], row["payload"]) for row in found if row["payload"] is not None], last

    async def _page(self, table: str, key: str, account_id: AccountId, page: Page) -> list[asyncpg.Record]:
        sql = _PAGE.format(table=table, key=key)
        return await self._fetch(sql, account_id, page.before, page.limit)

    async def _fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._reading() as connection:
            found: list[asyncpg.Record] = await connection.fetch(sql, *arguments, timeout=TIMEOUT_S)
            return found

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            async with self._desk.connection() as connection:
                yield connection
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise StoreFailed(str(error)) from error


# Ids are of version 7: they sort by the time they were made.
_PAGE = """
SELECT * FROM {table} WHERE account_id = $1 AND ($2::uuid IS NULL OR {key} < $2::uuid)
ORDER BY {key} DESC LIMIT $3
"""
_ORDER_BY_ID = "SELECT * FROM orders WHERE account_id = $1 AND order_id = $2"
_ORDER_BY_KEY = "SELECT * FROM orders WHERE account_id = $1 AND client_order_id = $2"
_FILLS_OF_ORDER = "SELECT * FROM fill WHERE account_id = $1 AND order_id = $2 ORDER BY fill_id"
_CHANGES = """
SELECT j.sequence, j.payload, a.sequence AS last_sequence FROM account a
LEFT JOIN LATERAL (
    SELECT sequence, payload FROM journal WHERE account_id = a.account_id AND sequence > $2 ORDER BY sequence LIMIT $3
) j ON true
WHERE a.account_id = $1 ORDER BY j.sequence
"""
