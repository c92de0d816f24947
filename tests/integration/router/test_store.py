"""The rule table in a real PostgreSQL: migrations, seed, versions, rights."""

from datetime import timedelta

import asyncpg
import pytest

from services.kit import postgres
from services.router.domain.rules import Book, Rule
from services.router.main import SQL
from services.router.store import PostgresRuleStore

SEED = Rule("all-to-b", 1, 1000, "", "", "", Book.B)

INSERT = """
INSERT INTO rule_version
    (rule_id, version, enabled, priority, symbol, book, author, approver, approved_at, effective_at)
VALUES ($1, $2, $3, $4, $5, 'B', 'alice', $6::text, CASE WHEN $6::text IS NULL THEN NULL ELSE now() END, now() + $7)
"""
PAST = timedelta(seconds=-1)


@pytest.fixture
async def owner(database):
    await postgres.migrate(database.url("router_owner"), "router", SQL)
    connection = await asyncpg.connect(database.url("router_owner"), server_settings={"search_path": "router"})
    yield connection
    await connection.close()


@pytest.fixture
async def store(database, owner):
    async with postgres.pool(database.url("router"), schema="router") as pool:
        yield PostgresRuleStore(pool)


async def test_migrations_run_once(database):
    url = database.url("router_owner")
    assert await postgres.migrate(url, "router", SQL) == ["0001_rules", "0002_seed"]
    assert await postgres.migrate(url, "router", SQL) == []


async def test_the_seed_sends_everything_to_the_house(store):
    assert await store.rules() == [SEED]


async def test_a_new_rule_is_in_force_once_approved_and_effective(store, owner):
    await owner.execute(INSERT, "gold", 1, True, 5, "XAUUSD", "bob", PAST)
    rules = {rule.rule_id: rule for rule in await store.rules()}
    assert rules == {"gold": Rule("gold", 1, 5, "", "", "XAUUSD", Book.B), "all-to-b": SEED}


async def test_the_newest_version_of_a_rule_counts(store, owner):
    await owner.execute(INSERT, "all-to-b", 2, True, 7, "", "bob", PAST)
    assert await store.rules() == [Rule("all-to-b", 2, 7, "", "", "", Book.B)]


async def test_a_rule_whose_newest_version_is_not_enabled_is_out_of_force(store, owner):
    await owner.execute(INSERT, "all-to-b", 2, False, 7, "", "bob", PAST)
    assert await store.rules() == []


async def test_a_version_that_nobody_approved_is_not_in_force(store, owner):
    await owner.execute(INSERT, "all-to-b", 2, False, 7, "", None, PAST)
    assert await store.rules() == [SEED]


async def test_a_version_of_the_future_is_not_in_force(store, owner):
    await owner.execute(INSERT, "all-to-b", 2, False, 7, "", "bob", timedelta(hours=1))
    assert await store.rules() == [SEED]


async def test_nobody_approves_a_rule_of_their_own(owner):
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(INSERT, "gold", 1, True, 5, "XAUUSD", "alice", PAST)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rule_version SET enabled = false",
        "DELETE FROM rule_version",
        "INSERT INTO rule_version SELECT * FROM rule_version",
        "CREATE TABLE router.other (id int)",
    ],
)
async def test_the_running_role_can_only_read(database, store, statement):
    connection = await asyncpg.connect(database.url("router"), server_settings={"search_path": "router"})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
