"""The use cases of identity over a store in memory and a clock that is set."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import argon2
import jwt
import pytest

from services.identity.domain.session import User
from services.identity.domain.throttle import FAILURES_MAX, FIRST_PAUSE
from services.identity.handlers import hash_of
from services.identity.main import keep_sweeping
from services.identity.passwords import Argon2Hasher
from services.kernel.errors import EngineError, Kind
from tests.fakes.identity import CHEAP, LIFETIMES, PASSWORD, TRADER, World

OTHER_ID = UUID("018f4a00-0000-7000-8000-000000000002")


@pytest.fixture
async def world():
    made = World()
    await made.identity.create_user(TRADER, PASSWORD)
    yield made
    made.hasher.close()


@pytest.fixture
def identity(world):
    return world.identity


async def refused(call):
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value.kind, caught.value.reason


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


async def test_creating_a_user_twice_is_the_same_user_with_the_first_password(identity):
    assert await identity.create_user(TRADER, "another-password") == TRADER.user_id
    assert (await identity.login(TRADER.username, PASSWORD)).access
    assert await refused(identity.login(TRADER.username, "another-password")) == (
        Kind.UNAUTHENTICATED,
        "CREDENTIALS_INVALID",
    )


@pytest.mark.parametrize(
    "changed", [{"tenant": "other"}, {"username": "x@demo.tradeloom.example"}, {"roles": ("trader", "viewer")}]
)
async def test_creating_another_user_with_the_same_id_conflicts(identity, changed):
    assert await refused(identity.create_user(replace(TRADER, **changed), PASSWORD)) == (Kind.CONFLICT, "USER_EXISTS")


async def test_creating_a_user_with_a_name_that_is_taken_conflicts(identity):
    taken = User(OTHER_ID, "demo", TRADER.username, ("trader",))
    assert await refused(identity.create_user(taken, PASSWORD)) == (Kind.CONFLICT, "USERNAME_TAKEN")


async def test_of_two_who_create_the_same_user_at_once_both_succeed():
    world = World()
    made = await asyncio.gather(*[world.identity.create_user(TRADER, PASSWORD) for _ in range(2)])
    assert made == [TRADER.user_id, TRADER.user_id]
    world.hasher.close()


async def test_login_gives_tokens_that_speak_for_the_user_as_long_as_they_may(world, identity):
    tokens = await identity.login(" Trader1@Demo.Tradeloom.Example ", PASSWORD)
    now = world.clock()
    assert (tokens.access_expires_at, tokens.refresh_expires_at) == (now + LIFETIMES.access, now + LIFETIMES.refresh)
    carried = claims(tokens.access)
    assert (carried["sub"], carried["tid"], carried["roles"]) == (str(TRADER.user_id), "demo", ["trader"])
    assert carried["aud"] == "client"
    assert carried["exp"] - carried["iat"] == 600
    assert UUID(carried["sid"]) in world.store.sessions


async def test_the_refresh_token_itself_is_not_kept(world, identity):
    tokens = await identity.login(TRADER.username, PASSWORD)
    assert list(world.store.tokens) == [hash_of(tokens.refresh)]
    assert tokens.refresh.encode() not in hash_of(tokens.refresh)


@pytest.mark.parametrize(
    ("username", "password"),
    [(TRADER.username, "wrong"), ("nobody@demo.tradeloom.example", PASSWORD), ("nobody", ""), (TRADER.username, "")],
)
async def test_an_unknown_user_and_a_wrong_password_are_refused_alike(identity, username, password):
    with pytest.raises(EngineError) as caught:
        await identity.login(username, password)
    assert (caught.value.kind, caught.value.reason) == (Kind.UNAUTHENTICATED, "CREDENTIALS_INVALID")
    assert caught.value.message == "username or password is wrong"


@pytest.mark.parametrize("username", [TRADER.username, "nobody@demo.tradeloom.example"])
async def test_after_ten_failures_even_the_right_password_must_wait(world, identity, username):
    for _ in range(FAILURES_MAX):
        assert (await refused(identity.login(username, "wrong")))[1] == "CREDENTIALS_INVALID"
    world.clock.advance(milliseconds=1)
    with pytest.raises(EngineError) as caught:
        await identity.login(username, PASSWORD)
    assert (caught.value.kind, caught.value.reason) == (Kind.LIMITED, "LOGIN_THROTTLED")
    assert caught.value.metadata == {"retryAfterS": "30"}


async def test_when_the_pause_is_over_the_right_password_works(world, identity):
    for _ in range(FAILURES_MAX):
        await refused(identity.login(TRADER.username, "wrong"))
    world.clock.at += FIRST_PAUSE
    assert (await identity.login(TRADER.username, PASSWORD)).access


async def test_a_login_that_was_not_checked_for_lack_of_room_is_no_failure(world):
    full = World(store=world.store, hasher=Argon2Hasher(CHEAP, threads=1, queue_max=0))
    for _ in range(FAILURES_MAX + 1):
        assert await refused(full.identity.login(TRADER.username, PASSWORD)) == (Kind.LIMITED, "LOGIN_BUSY")
    full.hasher.close()


async def test_an_outdated_hash_is_replaced_at_the_next_login(world):
    dearer = Argon2Hasher(argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1), threads=1, queue_max=8)
    newer = World(store=world.store, hasher=dearer)
    before = world.store.users[TRADER.user_id][1]
    await newer.identity.login(TRADER.username, PASSWORD)
    after = world.store.users[TRADER.user_id][1]
    assert after != before
    assert not dearer.is_outdated(after)
    await newer.identity.login(TRADER.username, PASSWORD)
    assert world.store.users[TRADER.user_id][1] == after
    dearer.close()


async def test_refreshing_gives_new_tokens_of_the_same_session(world, identity):
    first = await identity.login(TRADER.username, PASSWORD)
    world.clock.advance(minutes=9)
    second = await identity.refresh(first.refresh)
    assert second.refresh != first.refresh
    assert claims(second.access)["sid"] == claims(first.access)["sid"]
    assert second.refresh_expires_at == world.clock() + LIFETIMES.refresh
    assert (await identity.refresh(second.refresh)).access


async def test_a_refresh_token_that_is_used_again_ends_the_session_for_everybody(world, identity):
    first = await identity.login(TRADER.username, PASSWORD)
    second = await identity.refresh(first.refresh)
    assert await refused(identity.refresh(first.refresh)) == (Kind.UNAUTHENTICATED, "REFRESH_TOKEN_REUSED")
    assert await refused(identity.refresh(second.refresh)) == (Kind.UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")
    assert list(world.store.end_reasons.values()) == ["REFRESH_TOKEN_REUSED"]


async def test_other_sessions_of_the_user_go_on_when_one_is_ended(identity):
    stolen = await identity.login(TRADER.username, PASSWORD)
    mine = await identity.login(TRADER.username, PASSWORD)
    await identity.refresh(stolen.refresh)
    await refused(identity.refresh(stolen.refresh))
    assert (await identity.refresh(mine.refresh)).access


async def test_of_two_who_present_one_token_at_once_one_gets_tokens_and_the_session_ends(world, identity):
    first = await identity.login(TRADER.username, PASSWORD)
    answers = await asyncio.gather(
        identity.refresh(first.refresh), identity.refresh(first.refresh), return_exceptions=True
    )
    errors = [answer for answer in answers if isinstance(answer, EngineError)]
    assert [error.reason for error in errors] == ["REFRESH_TOKEN_REUSED"]
    assert list(world.store.end_reasons.values()) == ["REFRESH_TOKEN_REUSED"]


async def test_an_unknown_and_an_expired_refresh_token_are_refused(world, identity):
    tokens = await identity.login(TRADER.username, PASSWORD)
    assert await refused(identity.refresh("made up")) == (Kind.UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")
    world.clock.at += LIFETIMES.refresh
    assert await refused(identity.refresh(tokens.refresh)) == (Kind.UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")


async def test_logout_ends_the_session_and_may_be_repeated(world, identity):
    tokens = await identity.login(TRADER.username, PASSWORD)
    await identity.logout(tokens.refresh)
    await identity.logout(tokens.refresh)
    await identity.logout("made up")
    assert await refused(identity.refresh(tokens.refresh)) == (Kind.UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")
    assert list(world.store.end_reasons.values()) == ["LOGOUT"]


async def test_logout_with_a_spent_token_ends_the_session_too(identity):
    first = await identity.login(TRADER.username, PASSWORD)
    second = await identity.refresh(first.refresh)
    await identity.logout(first.refresh)
    assert (await refused(identity.refresh(second.refresh)))[1] == "REFRESH_TOKEN_INVALID"


async def test_a_ticket_is_a_token_for_the_stream_that_lives_for_seconds(world, identity):
    session_id = UUID(claims((await identity.login(TRADER.username, PASSWORD)).access)["sid"])
    ticket, expires_at = await identity.issue_ticket(TRADER.user_id, session_id)
    carried = claims(ticket)
    assert expires_at == world.clock() + timedelta(seconds=30)
    assert (carried["aud"], carried["sid"], carried["roles"]) == ("stream", str(session_id), ["trader"])
    assert carried["exp"] - carried["iat"] == 30


async def test_there_is_no_ticket_for_a_session_that_ended_is_unknown_or_of_another_user(identity):
    tokens = await identity.login(TRADER.username, PASSWORD)
    session_id = UUID(claims(tokens.access)["sid"])
    ended = (Kind.UNAUTHENTICATED, "SESSION_ENDED")
    assert await refused(identity.issue_ticket(OTHER_ID, session_id)) == ended
    assert await refused(identity.issue_ticket(TRADER.user_id, OTHER_ID)) == ended
    await identity.logout(tokens.refresh)
    assert await refused(identity.issue_ticket(TRADER.user_id, session_id)) == ended


async def test_sweeping_forgets_the_tokens_that_expired(world, identity):
    tokens = await identity.login(TRADER.username, PASSWORD)
    world.clock.at += LIFETIMES.refresh + timedelta(seconds=1)
    assert await identity.sweep() == 1
    assert await refused(identity.refresh(tokens.refresh)) == (Kind.UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")


async def test_a_database_that_is_away_does_not_stop_the_sweeping(world):
    swept = asyncio.Event()

    async def unavailable(at):
        swept.set()
        raise EngineError(Kind.UNAVAILABLE, "STORE_UNAVAILABLE", "away")

    world.store.forget_tokens = unavailable
    task = asyncio.create_task(keep_sweeping(world.identity))
    await asyncio.wait_for(swept.wait(), 5)
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
