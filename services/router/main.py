"""Composition root of router."""

import asyncio
from pathlib import Path

from services.kit import postgres, telemetry
from services.kit.config import load
from services.kit.server import serve
from services.router.api import RouterService
from services.router.config import RouterConfig
from services.router.handlers import Routing
from services.router.store import PostgresRuleStore

SQL = Path(__file__).parent / "sql"

_log = telemetry.logger(__name__)


async def main() -> None:
    """Serves until stopped. The rules must be there once; from then on the database may go away."""
    config = load(RouterConfig, "router")
    if config.postgres_owner_url:
        await postgres.migrate(config.postgres_owner_url, "router", SQL)
    async with postgres.pool(config.postgres_url, schema="router", max_size=2) as pool:
        routing = Routing(PostgresRuleStore(pool))
        await routing.refresh()
        await serve(
            config,
            "router",
            [RouterService(routing).register],
            background=[lambda: keep_fresh(routing, config.refresh_s)],
        )


async def keep_fresh(routing: Routing, every_s: float) -> None:
    """Reads the rules again and again. One that fails leaves the last rules in force, and is logged once."""
    failing = False
    while True:
        await asyncio.sleep(every_s)
        try:
            changed = await routing.refresh()
        except Exception as error:  # Whatever is wrong with the table: orders must still be routed.
            if not failing:
                _log.error("rules can't be read; the last ones stay in force", error=repr(error)[:300])
            failing = True
            continue
        if failing or changed:
            _log.info("rules read", rule_count=len(routing.rules), changed=changed)
        failing = False
