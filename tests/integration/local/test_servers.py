"""The servers that the other tests stand on."""

import asyncpg
import pytest
import redis.asyncio


async def test_a_service_role_uses_its_schema_and_cannot_make_tables_in_it(database):
    owner = await asyncpg.connect(database.url("oms_owner"))
    runtime = await asyncpg.connect(database.url("oms"))
    try:
        await owner.execute("CREATE TABLE oms.thing (id int); GRANT SELECT ON oms.thing TO oms")
        assert await runtime.fetch("SELECT * FROM oms.thing") == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await runtime.execute("CREATE TABLE oms.other (id int)")
    finally:
        await owner.close()
        await runtime.close()


async def test_a_service_role_cannot_read_the_schema_of_another(database):
    owner = await asyncpg.connect(database.url("oms_owner"))
    stranger = await asyncpg.connect(database.url("router"))
    try:
        await owner.execute("CREATE TABLE oms.thing (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await stranger.fetch("SELECT * FROM oms.thing")
    finally:
        await owner.close()
        await stranger.close()


async def test_each_test_gets_an_empty_database(database):
    connection = await asyncpg.connect(database.url())
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'oms'") == 0
        assert int(await connection.fetchval("SHOW server_version_num")) >= 150000
    finally:
        await connection.close()


async def test_redis_starts_empty_and_knows_streams(redis_url):
    client = redis.asyncio.Redis.from_url(redis_url)
    try:
        assert await client.dbsize() == 0
        await client.xadd("events", {"payload": "1"})
        assert await client.xlen("events") == 1
    finally:
        await client.aclose()
