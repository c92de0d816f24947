"""Composition root of reference."""

from pathlib import Path

from services.kit import postgres
from services.kit.config import load
from services.kit.server import serve
from services.reference.api import ReferenceService
from services.reference.config import ReferenceConfig
from services.reference.handlers import Catalogue
from services.reference.store import PostgresCatalogueStore

SQL = Path(__file__).parent / "sql"


async def main() -> None:
    """Serves until stopped."""
    config = load(ReferenceConfig, "reference")
    if config.postgres_owner_url:
        await postgres.migrate(config.postgres_owner_url, "reference", SQL)
    async with postgres.pool(config.postgres_url, schema="reference") as pool:
        catalogue = Catalogue(PostgresCatalogueStore(pool))
        await serve(config, "reference", [ReferenceService(catalogue).register])
