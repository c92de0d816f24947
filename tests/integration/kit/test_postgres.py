"""Migrations and pools on a real PostgreSQL."""

import asyncio

import asyncpg
import pytest

from services.kit import postgres
from services.kit.postgres import MigrationError


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "0001_thing.sql", "CREATE TABLE thing (id int PRIMARY KEY); GRANT SELECT ON thing TO oms;")
    write(tmp_path, "0002_seed.sql", "INSERT INTO thing VALUES (1), (2);")
    return tmp_path


@pytest.fixture
def url(database):
    return database.url("oms_owner")


def write(folder, name, sql):
    (folder / name).write_text(sql, encoding="utf-8")


async def query(url, sql):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_migrate_runs_what_is_new_in_order_and_nothing_twice(url, folder):
    assert await postgres.migrate(url, "oms", folder) == ["0001_thing", "0002_seed"]
    assert await postgres.migrate(url, "oms", folder) == []
    write(folder, "0003_more.sql", "INSERT INTO thing VALUES (3);")
    assert await postgres.migrate(url, "oms", folder) == ["0003_more"]
    assert await query(url, "SELECT count(*) FROM oms.thing") == 3


async def test_migrate_from_several_processes_at_once_runs_each_once(url, folder):
    runs = await asyncio.gather(*(postgres.migrate(url, "oms", folder) for _ in range(4)))
    assert sorted(runs, reverse=True) == [["0001_thing", "0002_seed"], [], [], []]
    assert await query(url, "SELECT count(*) FROM oms.thing") == 2


async def test_migrate_refuses_a_file_that_was_changed_after_it_ran(url, folder):
    await postgres.migrate(url, "oms", folder)
    write(folder, "0001_thing.sql", "CREATE TABLE thing (id bigint PRIMARY KEY);")
    write(folder, "0003_more.sql", "INSERT INTO thing VALUES (3);")
    with pytest.raises(MigrationError, match="0001_thing was changed"):
        await postgres.migrate(url, "oms", folder)
    assert await query(url, "SELECT count(*) FROM oms.thing") == 2


async def test_migrate_refuses_a_schema_that_is_newer_than_the_files(url, folder):
    await postgres.migrate(url, "oms", folder)
    (folder / "0002_seed.sql").unlink()
    with pytest.raises(MigrationError, match="0002"):
        await postgres.migrate(url, "oms", folder)


async def test_a_migration_that_fails_leaves_nothing_and_those_before_it_stand(url, folder):
    write(folder, "0003_broken.sql", "INSERT INTO thing VALUES (3); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(asyncpg.UndefinedTableError):
        await postgres.migrate(url, "oms", folder)
    assert await query(url, "SELECT count(*) FROM oms.thing") == 2
    write(folder, "0003_broken.sql", "INSERT INTO thing VALUES (3);")
    assert await postgres.migrate(url, "oms", folder) == ["0003_broken"]


@pytest.mark.parametrize("name", ["0004_gap.sql", "0001_double.sql", "later.sql"])
async def test_migrate_refuses_files_that_are_not_numbered_one_by_one(url, folder, name):
    write(folder, name, "SELECT 1;")
    with pytest.raises(MigrationError, match="must be named"):
        await postgres.migrate(url, "oms", folder)


async def test_the_running_role_sees_its_schema_and_may_do_what_was_granted(database, url, folder):
    await postgres.migrate(url, "oms", folder)
    async with postgres.pool(database.url("oms"), schema="oms") as pool:
        assert await pool.fetchval("SELECT count(*) FROM thing") == 2
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("INSERT INTO thing VALUES (9)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("UPDATE migration SET checksum = ''")


async def test_a_pool_gives_up_on_a_statement_that_takes_too_long(database, url, folder):
    await postgres.migrate(url, "oms", folder)
    async with postgres.pool(database.url("oms"), schema="oms") as pool, pool.acquire() as connection:
        assert await connection.fetchval("SHOW statement_timeout") == "5s"
        await connection.execute("SET statement_timeout = '20ms'")
        with pytest.raises(asyncpg.QueryCanceledError):
            await connection.execute("SELECT pg_sleep(60)")


async def test_a_pool_of_a_server_that_is_not_there_fails_at_once(tmp_path):
    with pytest.raises(OSError, match=r"PGSQL|refused|No such file"):
        async with postgres.pool(f"postgresql://oms:x@/nowhere?host={tmp_path}", schema="oms"):
            pytest.fail("the pool opened")
