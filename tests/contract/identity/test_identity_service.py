"""The promises of `tradeloom.identity.v1.IdentityService`, on the wire."""

import json
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from tradeloom.identity.v1 import identity_service_pb2 as pb
from tradeloom.identity.v1 import identity_service_pb2_grpc as rpc

from services.identity.api import IdentityService
from services.identity.domain.throttle import FAILURES_MAX
from services.identity.passwords import Argon2Hasher
from services.kernel.errors import EngineError, Kind
from services.kit.channel import channel
from services.kit.tokens import Verifier
from tests.fakes.identity import CHEAP, PASSWORD, TRADER, World
from tests.fakes.wire import serving

USER_ID = str(TRADER.user_id)
CREATE = {
    "user_id": USER_ID,
    "tenant": "demo",
    "username": TRADER.username,
    "password": PASSWORD,
    "roles": [pb.ROLE_TRADER],
}
UNAUTHENTICATED = Kind.UNAUTHENTICATED


@pytest.fixture
async def world():
    made = World()
    yield made
    made.hasher.close()


@pytest.fixture
async def stub(tmp_path, world):
    async with serving(tmp_path / "s", IdentityService(world.identity).register) as address, channel(address) as made:
        yield rpc.IdentityServiceStub(made)


@pytest.fixture
async def tokens(stub):
    await stub.CreateUser(pb.CreateUserRequest(**CREATE))
    return await login(stub)


async def login(stub, username=TRADER.username, password=PASSWORD):
    return (await stub.Login(pb.LoginRequest(username=username, password=password))).tokens


async def refused(call):
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value.kind, caught.value.reason


def verifier(stub, world, audience="client"):
    async def fetch():
        return (await stub.GetJwks(pb.GetJwksRequest())).jwks_json

    return Verifier(fetch, "tradeloom", audience, now=world.clock)


async def test_create_user_is_idempotent_on_the_id(stub):
    for password in (PASSWORD, "another-password"):
        response = await stub.CreateUser(pb.CreateUserRequest(**{**CREATE, "password": password}))
        assert response.user_id == USER_ID
    assert (await login(stub)).access_token


async def test_create_user_when_roles_come_in_another_order_is_the_same_user(stub):
    roles = [pb.ROLE_TRADER, pb.ROLE_VIEWER]
    await stub.CreateUser(pb.CreateUserRequest(**{**CREATE, "roles": roles}))
    await stub.CreateUser(pb.CreateUserRequest(**{**CREATE, "roles": roles[::-1]}))


@pytest.mark.parametrize("changed", [{"tenant": "other"}, {"username": "x@y.example"}, {"roles": [pb.ROLE_VIEWER]}])
async def test_create_user_when_the_id_is_used_for_another_user_conflicts(stub, changed):
    await stub.CreateUser(pb.CreateUserRequest(**CREATE))
    answer = await refused(stub.CreateUser(pb.CreateUserRequest(**{**CREATE, **changed})))
    assert answer == (Kind.CONFLICT, "USER_EXISTS")


async def test_create_user_when_the_username_is_taken_conflicts(stub):
    await stub.CreateUser(pb.CreateUserRequest(**CREATE))
    other = {**CREATE, "user_id": "018f4a00-0000-7000-8000-000000000002", "username": TRADER.username.upper()}
    assert await refused(stub.CreateUser(pb.CreateUserRequest(**other))) == (Kind.CONFLICT, "USERNAME_TAKEN")


@pytest.mark.parametrize(
    "changed",
    [
        {"user_id": "1"},
        {"tenant": "Demo!"},
        {"username": "not an address"},
        {"password": "short"},
        {"password": "x" * 257},
        {"roles": []},
        {"roles": [0]},
        {"roles": [99]},
    ],
    ids=str,
)
async def test_create_user_when_a_field_breaks_a_rule_names_the_field(stub, changed):
    with pytest.raises(EngineError) as caught:
        await stub.CreateUser(pb.CreateUserRequest(**{**CREATE, **changed}))
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID, "FIELD_INVALID")
    assert caught.value.metadata["field"] == next(iter(changed))


async def test_login_gives_a_token_that_verifies_against_the_published_keys(stub, tokens, world):
    principal = await verifier(stub, world).verify(tokens.access_token)
    assert (principal.user_id, principal.tenant, principal.roles) == (USER_ID, "demo", ("trader",))
    assert tokens.access_expire_time.ToDatetime() < tokens.refresh_expire_time.ToDatetime()


@pytest.mark.parametrize(
    ("username", "password"), [(TRADER.username, "wrong"), ("nobody@demo.example", PASSWORD), ("", ""), ("a\0b", "x")]
)
async def test_login_when_the_credentials_are_wrong_says_only_that(stub, tokens, username, password):
    assert await refused(login(stub, username, password)) == (UNAUTHENTICATED, "CREDENTIALS_INVALID")


async def test_login_after_too_many_failures_says_how_long_to_wait(stub, tokens):
    for _ in range(FAILURES_MAX):
        await refused(login(stub, password="wrong"))
    with pytest.raises(EngineError) as caught:
        await login(stub)
    assert (caught.value.kind, caught.value.reason) == (Kind.LIMITED, "LOGIN_THROTTLED")
    assert caught.value.metadata == {"retryAfterS": "30"}


async def test_login_when_too_many_are_being_checked_is_busy(tmp_path):
    world = World(hasher=Argon2Hasher(CHEAP, threads=1, queue_max=0))
    async with serving(tmp_path / "s", IdentityService(world.identity).register) as address, channel(address) as made:
        assert await refused(login(rpc.IdentityServiceStub(made))) == (Kind.LIMITED, "LOGIN_BUSY")
    world.hasher.close()


async def test_refresh_session_rotates_and_a_second_use_ends_the_session(stub, tokens):
    def refresh(token):
        return stub.RefreshSession(pb.RefreshSessionRequest(refresh_token=token))

    renewed = (await refresh(tokens.refresh_token)).tokens
    assert renewed.refresh_token != tokens.refresh_token
    assert await refused(refresh(tokens.refresh_token)) == (UNAUTHENTICATED, "REFRESH_TOKEN_REUSED")
    assert await refused(refresh(renewed.refresh_token)) == (UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")


async def test_refresh_session_when_the_token_expired_or_is_unknown_is_refused(stub, tokens, world):
    world.clock.at += timedelta(days=30)
    for token in (tokens.refresh_token, "made-up", ""):
        answer = await refused(stub.RefreshSession(pb.RefreshSessionRequest(refresh_token=token)))
        assert answer == (UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")


async def test_logout_ends_the_session_and_succeeds_again(stub, tokens):
    for _ in range(2):
        await stub.Logout(pb.LogoutRequest(refresh_token=tokens.refresh_token))
    await stub.Logout(pb.LogoutRequest(refresh_token="made-up"))
    answer = await refused(stub.RefreshSession(pb.RefreshSessionRequest(refresh_token=tokens.refresh_token)))
    assert answer == (UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")


async def test_issue_stream_ticket_gives_a_token_for_the_stream_only(stub, tokens, world):
    session_id = jwt.decode(tokens.access_token, options={"verify_signature": False})["sid"]
    issued = await stub.IssueStreamTicket(pb.IssueStreamTicketRequest(user_id=USER_ID, session_id=session_id))
    principal = await verifier(stub, world, "stream").verify(issued.ticket)
    assert (principal.user_id, principal.session_id, principal.roles) == (USER_ID, session_id, ("trader",))
    assert await refused(verifier(stub, world).verify(issued.ticket)) == (UNAUTHENTICATED, "TOKEN_INVALID")


async def test_issue_stream_ticket_when_the_session_ended_or_is_unknown_is_refused(stub, tokens):
    def ticket(session_id):
        return stub.IssueStreamTicket(pb.IssueStreamTicketRequest(user_id=USER_ID, session_id=session_id))

    session_id = jwt.decode(tokens.access_token, options={"verify_signature": False})["sid"]
    assert await refused(ticket(str(UUID(int=9)))) == (UNAUTHENTICATED, "SESSION_ENDED")
    await stub.Logout(pb.LogoutRequest(refresh_token=tokens.refresh_token))
    assert await refused(ticket(session_id)) == (UNAUTHENTICATED, "SESSION_ENDED")
    assert await refused(ticket("no uuid")) == (Kind.INVALID, "FIELD_INVALID")


async def test_get_jwks_publishes_one_ed25519_key_and_nothing_private(stub):
    [key] = json.loads((await stub.GetJwks(pb.GetJwksRequest())).jwks_json)["keys"]
    assert {name: key[name] for name in ("kty", "crv", "alg", "use")} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
    }
    assert set(key) == {"kty", "crv", "alg", "use", "kid", "x"}
