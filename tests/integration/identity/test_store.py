"""One suite for the store in memory and the one in PostgreSQL; then what only PostgreSQL can show."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from services.identity.domain.session import RefreshToken, Session, User
from services.identity.main import SQL
from services.identity.store import PostgresSessionStore
from services.kit import postgres
from tests.fakes.identity import TRADER, MemorySessionStore

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
OTHER = User(UUID("018f4a00-0000-7000-8000-000000000002"), "demo", "trader2@demo.tradeloom.example", ("viewer",))
SESSION = Session(UUID("018f4a00-0000-7000-8000-0000000000aa"), TRADER)
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"
FIRST, SECOND, THIRD = (bytes([n]) * 32 for n in (1, 2, 3))


@pytest.fixture
async def pool(database):
    await postgres.migrate(database.url("identity_owner"), "identity", SQL)
    async with postgres.pool(database.url("identity"), schema="identity") as made:
        yield made


@pytest.fixture(params=["memory", "postgres"])
async def store(request, pool):
    return MemorySessionStore() if request.param == "memory" else PostgresSessionStore(pool)


@pytest.fixture
async def started(store):
    await store.add_user(TRADER, HASH, NOW)
    await store.start_session(SESSION, FIRST, NOW, LATER)
    return store


async def test_a_user_is_found_by_id_and_by_name_with_the_hash(store):
    assert await store.add_user(TRADER, HASH, NOW)
    assert await store.user(TRADER.user_id) == TRADER
    assert await store.user_by_name(TRADER.username) == (TRADER, HASH)


async def test_an_unknown_user_is_none(store):
    assert await store.user(TRADER.user_id) is None
    assert await store.user_by_name("nobody@demo.tradeloom.example") is None
    assert await store.user_by_name("a\0b") is None


@pytest.mark.parametrize(
    "second",
    [
        User(TRADER.user_id, "demo", OTHER.username, ("trader",)),
        User(OTHER.user_id, "demo", TRADER.username, ("trader",)),
    ],
    ids=["id", "name"],
)
async def test_a_second_user_with_the_same_key_is_not_kept(store, second):
    await store.add_user(TRADER, HASH, NOW)
    assert not await store.add_user(second, "$argon2id$other", NOW)
    assert await store.user_by_name(TRADER.username) == (TRADER, HASH)
    assert await store.user(OTHER.user_id) is None


async def test_a_hash_is_replaced_only_while_it_is_the_one_that_was_read(store):
    await store.add_user(TRADER, HASH, NOW)
    await store.change_password_hash(TRADER.user_id, HASH, "$argon2id$new")
    await store.change_password_hash(TRADER.user_id, HASH, "$argon2id$lost")
    assert await store.user_by_name(TRADER.username) == (TRADER, "$argon2id$new")


async def test_a_session_starts_with_a_fresh_token(started):
    assert await started.session(SESSION.session_id) == SESSION
    assert await started.refresh_token(FIRST) == RefreshToken(SESSION, LATER, used=False)
    assert await started.session(TRADER.user_id) is None
    assert await started.refresh_token(SECOND) is None


async def test_rotation_spends_the_token_once(started):
    assert await started.rotate(FIRST, SECOND, NOW, LATER)
    assert not await started.rotate(FIRST, THIRD, NOW, LATER)
    assert (await started.refresh_token(FIRST)).used
    assert not (await started.refresh_token(SECOND)).used
    assert await started.refresh_token(THIRD) is None


async def test_of_two_rotations_at_once_one_wins(started):
    won = await asyncio.gather(
        started.rotate(FIRST, SECOND, NOW, LATER),
        started.rotate(FIRST, THIRD, NOW, LATER),
    )
    assert sorted(won) == [False, True]


async def test_an_ended_session_stays_ended_and_its_tokens_say_so(started):
    await started.end_session(SESSION.session_id, "LOGOUT", NOW)
    await started.end_session(SESSION.session_id, "REFRESH_TOKEN_REUSED", LATER)
    assert (await started.session(SESSION.session_id)).ended
    assert (await started.refresh_token(FIRST)).session.ended


async def test_only_expired_tokens_are_forgotten(started):
    await started.rotate(FIRST, SECOND, NOW, LATER + timedelta(days=1))
    assert await started.forget_tokens(LATER + timedelta(seconds=1)) == 1
    assert await started.refresh_token(FIRST) is None
    assert await started.refresh_token(SECOND) is not None


async def test_migrations_run_once(database):
    url = database.url("identity_owner")
    assert await postgres.migrate(url, "identity", SQL) == ["0001_users"]
    assert await postgres.migrate(url, "identity", SQL) == []


async def test_the_first_reason_of_an_end_is_the_one_on_record(pool):
    store = PostgresSessionStore(pool)
    await store.add_user(TRADER, HASH, NOW)
    await store.start_session(SESSION, FIRST, NOW, LATER)
    await store.end_session(SESSION.session_id, "LOGOUT", NOW)
    await store.end_session(SESSION.session_id, "REFRESH_TOKEN_REUSED", LATER)
    assert tuple(await pool.fetchrow("SELECT ended_at, end_reason FROM session")) == (NOW, "LOGOUT")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM login_user",
        "UPDATE login_user SET roles = '{admin}'",
        "DELETE FROM session",
        "UPDATE session SET user_id = gen_random_uuid()",
        "UPDATE refresh_token SET expires_at = now() + interval '1 year'",
        "CREATE TABLE mine (n int)",
    ],
)
async def test_the_service_may_not_change_what_it_never_changes(pool, statement):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


async def test_a_password_that_is_not_hashed_is_refused_by_the_table(pool):
    with pytest.raises(asyncpg.CheckViolationError):
        await PostgresSessionStore(pool).add_user(TRADER, "demo-trader-1", NOW)
