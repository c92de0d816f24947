"""The catalogue in PostgreSQL."""

import asyncpg

from services.kernel.instrument import Instrument, MarginMode
from services.kernel.money import Quantity
from services.kit.postgres import reachable
from services.reference.domain.catalogue import AssetClass, Group, ListedInstrument

_INSTRUMENTS = "SELECT * FROM instrument_in_force WHERE symbol > $1 ORDER BY symbol LIMIT $2"
_GROUPS = "SELECT * FROM account_group_in_force ORDER BY name"
_AWAY = "the catalogue can't be read at the moment"


class PostgresCatalogueStore:
    """Reads what is in force. Fails with `STORE_UNAVAILABLE` while the database can't be reached."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def instruments(self, after: str, limit: int) -> list[ListedInstrument]:
        """The instruments in force whose symbol sorts behind `after`, by symbol."""
        with reachable(_AWAY):
            return [_instrument(row) for row in await self._pool.fetch(_INSTRUMENTS, after, limit)]

    async def groups(self) -> list[Group]:
        """The groups in force, by name."""
        with reachable(_AWAY):
            rows = await self._pool.fetch(_GROUPS)
        return [Group(row["name"], row["description"], row["max_leverage"], row["version"]) for row in rows]


def _instrument(row: asyncpg.Record) -> ListedInstrument:
    instrument = Instrument(
        symbol=row["symbol"],
        base_currency=row["base_currency"],
        quote_currency=row["quote_currency"],
        digits=row["digits"],
        contract_size=row["contract_size"],
        min_quantity=Quantity(row["min_quantity"]),
        max_quantity=Quantity(row["max_quantity"]),
        quantity_step=Quantity(row["quantity_step"]),
        margin_mode=MarginMode[row["margin_mode"]],
        margin_rate=row["margin_rate"],
        quote_age_ms_max=row["quote_age_ms_max"],
        tradable=row["tradable"],
        version=row["version"],
    )
    return ListedInstrument(instrument, row["description"], AssetClass[row["asset_class"]])
