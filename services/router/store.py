"""The rules in PostgreSQL."""

import asyncio

import asyncpg

from services.router.domain.rules import Book, Rule

READ_TIMEOUT_S = 3.0

_RULES = "SELECT rule_id, version, priority, tenant, account_group, symbol, book FROM rule_in_force"


class PostgresRuleStore:
    """Reads the rules in force."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def rules(self) -> list[Rule]:
        """The rules in force. Gives up after `READ_TIMEOUT_S`, so that a hanging server can't stop the refreshing."""
        async with asyncio.timeout(READ_TIMEOUT_S):
            rows = await self._pool.fetch(_RULES)
        return [
            Rule(
                rule_id=row["rule_id"],
                version=row["version"],
                priority=row["priority"],
                tenant=row["tenant"],
                group=row["account_group"],
                symbol=row["symbol"],
                book=Book[row["book"]],
            )
            for row in rows
        ]
