"""The catalogue in a real PostgreSQL: migrations, seeds, versions, rights."""

from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from services.kernel.instrument import MarginMode
from services.kernel.money import Quantity
from services.kit import postgres
from services.reference.domain.catalogue import AssetClass, Group
from services.reference.main import SQL
from services.reference.store import PostgresCatalogueStore

NEW_VERSION = """
INSERT INTO instrument_version
SELECT symbol, version + 1, description, asset_class, base_currency, quote_currency, digits, contract_size,
       min_quantity, max_quantity, quantity_step, margin_mode, margin_rate, quote_age_ms_max, false,
       'alice', $1::text, now(), CASE WHEN $1::text IS NULL THEN NULL ELSE now() END, now() + $2::interval
FROM instrument_version WHERE symbol = 'EURUSD' ORDER BY version DESC LIMIT 1
"""


@pytest.fixture
async def owner(database):
    await postgres.migrate(database.url("reference_owner"), "reference", SQL)
    connection = await asyncpg.connect(database.url("reference_owner"), server_settings={"search_path": "reference"})
    yield connection
    await connection.close()


@pytest.fixture
async def store(database, owner):
    async with postgres.pool(database.url("reference"), schema="reference") as pool:
        yield PostgresCatalogueStore(pool)


async def test_migrations_run_once(database):
    url = database.url("reference_owner")
    assert await postgres.migrate(url, "reference", SQL) == ["0001_catalogue", "0002_seed"]
    assert await postgres.migrate(url, "reference", SQL) == []


async def test_the_seed_holds_the_six_instruments_sorted_by_symbol(store):
    listed = {item.instrument.symbol: item for item in await store.instruments("", 100)}
    assert list(listed) == ["BTCUSD", "EURUSD", "GBPUSD", "US500", "USDJPY", "XAUUSD"]
    seen = {
        symbol: (i.instrument.digits, i.instrument.contract_size, i.instrument.margin_rate, i.instrument.margin_mode)
        for symbol, i in listed.items()
    }
    assert seen == {
        "BTCUSD": (2, Decimal(1), Decimal("0.5"), MarginMode.CFD),
        "EURUSD": (5, Decimal(100000), Decimal("0.0333"), MarginMode.FOREX),
        "GBPUSD": (5, Decimal(100000), Decimal("0.0333"), MarginMode.FOREX),
        "US500": (1, Decimal(1), Decimal("0.05"), MarginMode.CFD),
        "USDJPY": (3, Decimal(100000), Decimal("0.0333"), MarginMode.FOREX),
        "XAUUSD": (2, Decimal(100), Decimal("0.05"), MarginMode.CFD),
    }
    assert listed["US500"].instrument.base_currency == "US500"
    assert listed["US500"].asset_class is AssetClass.INDEX
    assert listed["BTCUSD"].instrument.max_quantity == Quantity(Decimal(10))
    assert all(item.instrument.tradable and item.instrument.quote_age_ms_max == 5000 for item in listed.values())


async def test_instruments_are_read_behind_a_symbol_and_up_to_a_limit(store):
    page = await store.instruments("EURUSD", 2)
    assert [item.instrument.symbol for item in page] == ["GBPUSD", "US500"]


async def test_the_seed_holds_the_two_groups(store):
    assert await store.groups() == [
        Group("pro", "Professional clients", 200, 1),
        Group("standard", "Retail clients", 50, 1),
    ]


async def eurusd(store):
    return (await store.instruments("EURUSC", 1))[0].instrument


async def test_a_new_version_is_in_force_once_approved_and_effective(store, owner):
    await owner.execute(NEW_VERSION, "bob", timedelta(seconds=-1))
    assert ((await eurusd(store)).version, (await eurusd(store)).tradable) == (2, False)


async def test_a_version_that_nobody_approved_is_not_in_force(store, owner):
    await owner.execute(NEW_VERSION, None, timedelta(seconds=-1))
    assert (await eurusd(store)).version == 1


async def test_a_version_of_the_future_is_not_in_force(store, owner):
    await owner.execute(NEW_VERSION, "bob", timedelta(hours=1))
    assert (await eurusd(store)).version == 1


async def test_nobody_approves_a_change_of_their_own(owner):
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(NEW_VERSION, "alice", timedelta(seconds=-1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE instrument_version SET tradable = false",
        "DELETE FROM account_group_version",
        "INSERT INTO account_group_version SELECT * FROM account_group_version",
        "TRUNCATE instrument_version",
        "CREATE TABLE reference.other (id int)",
    ],
)
async def test_the_running_role_can_only_read(database, store, statement):
    connection = await asyncpg.connect(database.url("reference"), server_settings={"search_path": "reference"})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
