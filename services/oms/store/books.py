"""The books as the order path uses them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from services.kernel.ids import AccountId, PositionId
from services.oms.ports import (
    AccountCommit,
    Aggregate,
    CommitRejected,
    CommitUnknown,
    OrderKey,
    Recorded,
    RecordedDeposit,
    RecordedOrder,
    StoreFailed,
    VersionConflict,
)
from services.oms.store import columns, rows, statement
from services.oms.store.desk import Desk, server_answered

READ_TIMEOUT_S = 2.0
# Longer than the server's own limit on a statement, so that a slow server is heard out before the line is cut.
COMMIT_TIMEOUT_S = 6.0
CONFLICT = "TL001"
REJECTIONS = ("22", "23", "P0")

_TRADES = statement.commit_statement(statement.ALWAYS)
_TRADES_AND_MONEY = statement.commit_statement((*statement.ALWAYS, *statement.MONEY))
_EVERYTHING = statement.commit_statement((statement.ACCOUNT, *statement.ALWAYS, *statement.MONEY))

_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class PostgresBooks:
    """The books in PostgreSQL. Every batch is one statement, and so one transaction."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def load(self, account_ids: Sequence[AccountId]) -> Mapping[AccountId, Aggregate]:
        """The accounts that exist, with their open positions."""
        async with self._reading() as connection:
            found = await connection.fetch(_LOAD, list(account_ids), timeout=READ_TIMEOUT_S)
        by_account: dict[AccountId, list[asyncpg.Record]] = {}
        for row in found:
            by_account.setdefault(row["account_id"], []).append(row)
        return {account_id: _aggregate(group) for account_id, group in by_account.items()}

    async def find(
        self,
        orders: Sequence[OrderKey],
        deposits: Sequence[OrderKey],
        positions: Sequence[tuple[AccountId, PositionId]],
    ) -> Recorded:
        """What is on record under the keys."""
        if not (orders or deposits or positions):
            return Recorded({}, {}, {})
        async with self._reading() as connection:
            return Recorded(
                await _find_orders(connection, orders),
                await _find_deposits(connection, deposits),
                await _find_positions(connection, positions),
            )

    async def commit(self, commits: Sequence[AccountCommit]) -> None:
        """Commits all or nothing."""
        sql, arguments = _arguments(commits)
        try:
            async with self._desk.connection() as connection:
                await connection.fetch(sql, *arguments, timeout=COMMIT_TIMEOUT_S)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise _meaning(error) from error

    async def was_committed(self, commits: Sequence[AccountCommit]) -> bool:
        """Whether the last journal entry of the first account is there, once nobody holds the accounts any more."""
        ids = sorted(commit.account_id for commit in commits)
        first = commits[0]
        async with self._reading() as connection, connection.transaction():
            await connection.fetch(_HOLD, ids, timeout=COMMIT_TIMEOUT_S)
            digest = await connection.fetchval(_HASH, first.account_id, first.after.state.sequence)
        return bool(digest == first.after.journal_hash)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            async with self._desk.connection() as connection:
                yield connection
        except _FAILURES as error:
            raise StoreFailed(str(error)) from error


def _meaning(error: Exception) -> Exception:
    if not isinstance(error, asyncpg.PostgresError) or not server_answered(error):
        return CommitUnknown(repr(error))
    state = error.sqlstate or ""
    if state == CONFLICT:
        return VersionConflict(_accounts(error))
    if state.startswith(REJECTIONS):
        return CommitRejected(getattr(error, "constraint_name", None) or "", str(error))
    return StoreFailed(str(error))


def _accounts(error: asyncpg.PostgresError) -> frozenset[AccountId]:
    detail = getattr(error, "detail", None) or ""
    return frozenset(AccountId(asyncpg.pgproto.pgproto.UUID(text)) for text in detail.split(",") if text)


def _arguments(commits: Sequence[AccountCommit]) -> tuple[str, list[Any]]:
    ordered = sorted(commits, key=lambda commit: commit.account_id)
    arguments = columns.transposed(columns.changed_accounts(ordered), len(statement.ACCOUNT_CHANGES))
    opened = columns.opened_accounts(ordered)
    entries = columns.entries(ordered)
    if opened:
        arguments += columns.transposed(opened, statement.ACCOUNT.width)
    for table, made in (
        (statement.ORDERS, columns.orders(ordered)),
        (statement.FILL, columns.fills(ordered)),
        (statement.POSITION, columns.positions(ordered)),
        (statement.JOURNAL, columns.journal(ordered)),
        (statement.OUTBOX, columns.outbox(ordered)),
    ):
        arguments += columns.transposed(made, table.width)
    if opened or entries:
        arguments += columns.transposed(entries, statement.LEDGER_ENTRY.width)
        arguments += columns.transposed(columns.postings(ordered), statement.POSTING.width)
    return (_EVERYTHING if opened else _TRADES_AND_MONEY if entries else _TRADES), arguments


def _aggregate(group: list[asyncpg.Record]) -> Aggregate:
    return rows.aggregate_of(group[0], [rows.position_of(row) for row in group if row["position_id"] is not None])


async def _find_orders(connection: asyncpg.Connection, keys: Sequence[OrderKey]) -> dict[OrderKey, RecordedOrder]:
    if not keys:
        return {}
    found = await connection.fetch(_ORDERS, *_columns(keys), timeout=READ_TIMEOUT_S)
    if not found:
        return {}
    ids = [(row["account_id"], row["order_id"]) for row in found]
    fills = [rows.fill_of(row) for row in await connection.fetch(_FILLS, *_columns(ids), timeout=READ_TIMEOUT_S)]
    return {
        (row["account_id"], row["client_order_id"]): RecordedOrder(
            rows.order_of(row), tuple(fill for fill in fills if fill.order_id == row["order_id"])
        )
        for row in found
    }


async def _find_deposits(connection: asyncpg.Connection, keys: Sequence[OrderKey]) -> dict[OrderKey, RecordedDeposit]:
    if not keys:
        return {}
    found = await connection.fetch(_DEPOSITS, *_columns(keys), timeout=READ_TIMEOUT_S)
    return {
        (row["account_id"], row["request_id"]): RecordedDeposit(rows.entry_of(row), row["request_hash"])
        for row in found
    }


async def _find_positions(
    connection: asyncpg.Connection, keys: Sequence[tuple[AccountId, PositionId]]
) -> dict[PositionId, Any]:
    if not keys:
        return {}
    found = await connection.fetch(_POSITIONS, *_columns(keys), timeout=READ_TIMEOUT_S)
    return {row["position_id"]: rows.position_of(row) for row in found}


def _columns(keys: Sequence[tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
    return [first for first, _ in keys], [second for _, second in keys]


_LOAD = """
SELECT a.*, p.position_id, p.symbol, p.side, p.quantity, p.open_price, p.opened_at AS position_opened_at
FROM account a LEFT JOIN position p ON p.account_id = a.account_id AND p.quantity > 0
WHERE a.account_id = ANY($1::uuid[])
ORDER BY p.opened_at, p.position_id
"""
_ORDERS = """
SELECT o.* FROM unnest($1::uuid[], $2::text[]) AS k (account_id, client_order_id)
JOIN orders o ON o.account_id = k.account_id AND o.client_order_id = k.client_order_id
"""
_FILLS = """
SELECT f.* FROM unnest($1::uuid[], $2::uuid[]) AS k (account_id, order_id)
JOIN fill f ON f.account_id = k.account_id AND f.order_id = k.order_id ORDER BY f.fill_id
"""
_DEPOSITS = """
SELECT e.* FROM unnest($1::uuid[], $2::text[]) AS k (account_id, request_id)
JOIN ledger_entry e ON e.account_id = k.account_id AND e.request_id = k.request_id
"""
_POSITIONS = """
SELECT p.*, p.opened_at AS position_opened_at FROM unnest($1::uuid[], $2::uuid[]) AS k (account_id, position_id)
JOIN position p ON p.account_id = k.account_id AND p.position_id = k.position_id
"""
_HOLD = "SELECT account_id FROM account WHERE account_id = ANY($1::uuid[]) ORDER BY account_id FOR UPDATE"
_HASH = "SELECT hash FROM journal WHERE account_id = $1 AND sequence = $2"
