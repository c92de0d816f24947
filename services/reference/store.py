"""The catalogue in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from services.kernel.errors import EngineError, Kind
from services.kernel.instrument import Instrument, MarginMode
from services.kernel.money import Quantity
from services.reference.domain.catalogue import AssetClass, Group, ListedInstrument

_INSTRUMENTS = "SELECT * FROM instrument_in_force WHERE symbol > $1 ORDER BY symbol LIMIT $2"
_GROUPS = "SELECT * FROM account_group_in_force ORDER BY name"


class PostgresCatalogueStore:
    """Reads what is in force. Fails with `STORE_UNAVAILABLE` while the database can't be reached."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def instruments(self, after: str, limit: int) -> list[ListedInstrument]:
        """The instruments in force whose symbol sorts behind `after`, by symbol."""
        with _reachable():
            return [_instrument(row) for row in await self._pool.fetch(_INSTRUMENTS, after, limit)]

    async def groups(self) -> list[Group]:
        """The groups in force, by name."""
        with _reachable():
            rows = await self._pool.fetch(_GROUPS)
        return [Group(row["name"], row["description"], row["max_leverage"], row["version"]) for row in rows]


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
        raise _unavailable() from error
    except (asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError) as error:
        raise _unavailable() from error


def _unavailable() -> EngineError:
    return EngineError(Kind.UNAVAILABLE, "STORE_UNAVAILABLE", "the catalogue can't be read at the moment")


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
