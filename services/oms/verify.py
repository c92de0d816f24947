"""Proves the books: `python -m services.oms.verify POSTGRES_URL`. Exit code 1 when anything is wrong.

For every account: the journal is dense, its hash chain holds, and replaying it gives the stored state; for the ledger:
each transaction's postings sum to zero in every currency, and a balance is the sum of its account's postings.
"""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from services.kit import postgres
from services.oms.convert.journal import event_of_payload
from services.oms.domain.events import apply
from services.oms.domain.state import AccountState
from services.oms.ports import NO_HASH, Aggregate
from services.oms.store import rows

PAGE = 500


@dataclass(slots=True)
class Proof:
    """What was looked at, and what is wrong."""

    account_count: int = 0
    entry_count: int = 0
    faults: list[str] = field(default_factory=list)


async def verify(pool: asyncpg.Pool) -> Proof:
    """Proves all accounts and the ledger, on one snapshot of the books."""
    proof = Proof()
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")  # Reading whole tables may take its time.
        async for aggregate in _aggregates(connection):
            proof.account_count += 1
            await _prove_account(connection, aggregate, proof)
        for sql, fault in _LEDGER_CHECKS:
            proof.faults += [fault.format(**row) for row in await connection.fetch(sql)]
    return proof


async def _aggregates(connection: Any) -> AsyncIterator[Aggregate]:
    last = UUID(int=0)
    while found := await connection.fetch(_ACCOUNTS, last, PAGE):
        for row in found:
            positions = await connection.fetch(_POSITIONS, row["account_id"])
            yield rows.aggregate_of(row, map(rows.position_of, positions))
        last = found[-1]["account_id"]


async def _prove_account(connection: Any, stored: Aggregate, proof: Proof) -> None:
    account_id = stored.state.account.account_id
    state: AccountState | None = None
    digest, sequence = NO_HASH, 0
    async for row in connection.cursor(_JOURNAL, account_id, prefetch=PAGE):
        sequence += 1
        digest = hashlib.sha256(digest + row["payload"]).digest()
        if row["sequence"] != sequence or row["hash"] != digest:
            proof.faults.append(f"account {account_id}: the journal breaks at entry {sequence}")
            return
        told, event = event_of_payload(row["payload"])
        if told != sequence or (state is not None and event.at < state.last_at):
            proof.faults.append(f"account {account_id}: journal entry {sequence} is out of order")
            return
        state = apply(state, event)
    proof.entry_count += sequence
    if digest != stored.journal_hash or state != stored.state:
        proof.faults.append(f"account {account_id}: the journal replays to another state than is stored")


_ACCOUNTS = "SELECT * FROM account WHERE account_id > $1 ORDER BY account_id LIMIT $2"
_POSITIONS = """
SELECT *, opened_at AS position_opened_at FROM position WHERE account_id = $1 AND quantity > 0
ORDER BY opened_at, position_id
"""
_JOURNAL = "SELECT sequence, payload, hash FROM journal WHERE account_id = $1 ORDER BY sequence"

_UNBALANCED = """
SELECT transaction_id, currency, sum(amount) AS total FROM posting
GROUP BY account_id, transaction_id, currency HAVING sum(amount) <> 0
"""
_BALANCES = """
SELECT a.account_id, a.balance, coalesce(sum(p.amount), 0) AS total FROM account a
LEFT JOIN posting p ON p.account_id = a.account_id AND p.currency = a.currency
    AND p.ledger_account = 'client:' || a.account_id
GROUP BY a.account_id, a.balance HAVING coalesce(sum(p.amount), 0) <> a.balance
"""
_FILLED = """
SELECT o.order_id, o.filled_quantity, coalesce(sum(f.quantity), 0) AS total FROM orders o
LEFT JOIN fill f ON f.account_id = o.account_id AND f.order_id = o.order_id
GROUP BY o.account_id, o.order_id, o.filled_quantity HAVING coalesce(sum(f.quantity), 0) <> o.filled_quantity
"""
_EXPOSED = """
WITH filled AS (
    SELECT account_id, symbol, sum(CASE side WHEN 1 THEN quantity ELSE -quantity END) AS net FROM fill GROUP BY 1, 2
), held AS (
    SELECT account_id, symbol, sum(CASE side WHEN 1 THEN quantity ELSE -quantity END) AS net FROM position GROUP BY 1, 2
)
SELECT account_id, symbol, coalesce(h.net, 0) AS held, coalesce(f.net, 0) AS filled
FROM filled f FULL JOIN held h USING (account_id, symbol) WHERE coalesce(f.net, 0) <> coalesce(h.net, 0)
"""
_LEDGER_CHECKS = (
    (_UNBALANCED, "transaction {transaction_id}: its {currency} postings sum to {total}"),
    (_BALANCES, "account {account_id}: the balance is {balance}, its postings sum to {total}"),
    (_FILLED, "order {order_id}: filled {filled_quantity}, its fills sum to {total}"),
    (_EXPOSED, "account {account_id}: {symbol} positions sum to {held}, fills to {filled}"),
)


async def main(url: str) -> int:
    """Prints what was proved, and every fault."""
    async with postgres.pool(url, schema="oms") as pool:
        proof = await verify(pool)
    for fault in proof.faults:
        print(fault)
    print(f"{proof.account_count} accounts, {proof.entry_count} journal entries, {len(proof.faults)} faults")
    return 1 if proof.faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m services.oms.verify POSTGRES_URL")
    sys.exit(asyncio.run(main(sys.argv[1])))
