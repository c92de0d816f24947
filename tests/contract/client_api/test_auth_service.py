"""The promises of `tradeloom.client.v1.AuthService` and `StreamService`, on the wire, with real identity behind."""

import jwt
import pytest
from tradeloom.client.v1 import account_service_pb2 as account_pb
from tradeloom.client.v1 import auth_service_pb2 as pb
from tradeloom.client.v1 import stream_service_pb2 as stream_pb

from services.identity.domain.throttle import FAILURES_MAX
from services.kernel.errors import EngineError, Kind
from tests.fakes.identity import PASSWORD, TRADER
from tests.fakes.subject import ACCOUNT, STREAM_URL

UNAUTHENTICATED = Kind.UNAUTHENTICATED


async def login(api, password=PASSWORD, username=TRADER.username):
    return (await api.Login(pb.LoginRequest(username=username, password=password))).tokens


def refresh(api, token):
    return api.RefreshSession(pb.RefreshSessionRequest(refresh_token=token))


async def refused(call):
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value.kind, caught.value.reason


async def test_login_gives_tokens_that_open_the_api(api):
    tokens = await login(api)
    accounts = await api.ListAccounts(account_pb.ListAccountsRequest(), token=tokens.access_token)
    assert ACCOUNT in [account.account_id for account in accounts.accounts]
    assert 0 < tokens.access_expire_time.seconds < tokens.refresh_expire_time.seconds


@pytest.mark.parametrize("username", [TRADER.username, "nobody@demo.tradeloom.example"])
async def test_login_with_wrong_credentials_is_refused_alike(api, username):
    assert await refused(login(api, "wrong", username)) == (UNAUTHENTICATED, "CREDENTIALS_INVALID")


async def test_login_after_too_many_failures_is_throttled_and_says_for_how_long(api):
    for _ in range(FAILURES_MAX):
        await refused(login(api, "wrong"))
    with pytest.raises(EngineError) as caught:
        await login(api)
    assert (caught.value.kind, caught.value.reason) == (Kind.LIMITED, "LOGIN_THROTTLED")
    assert caught.value.metadata == {"retryAfterS": "30"}


async def test_login_when_identity_is_busy_says_so(api, monkeypatch):
    async def busy(password, kept):
        raise EngineError(Kind.LIMITED, "LOGIN_BUSY", "too many logins at once")

    monkeypatch.setattr(api.identity.hasher, "matches", busy)
    assert await refused(login(api)) == (Kind.LIMITED, "LOGIN_BUSY")


@pytest.mark.parametrize(
    "changed", [{"username": ""}, {"username": "x" * 255}, {"password": ""}, {"password": "x" * 257}], ids=len
)
async def test_login_that_breaks_a_rule_names_the_field(api, changed):
    with pytest.raises(EngineError) as caught:
        await api.Login(pb.LoginRequest(**{"username": "u", "password": "p", **changed}))
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID, "FIELD_INVALID")
    assert [field for field, _ in caught.value.violations] == list(changed)


async def test_refresh_session_rotates_and_a_second_use_ends_the_session(api):
    first = await login(api)
    second = (await refresh(api, first.refresh_token)).tokens
    assert second.access_token != first.access_token
    assert await refused(refresh(api, first.refresh_token)) == (UNAUTHENTICATED, "REFRESH_TOKEN_REUSED")
    assert await refused(refresh(api, second.refresh_token)) == (UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")


async def test_logout_ends_the_session_and_succeeds_again(api):
    tokens = await login(api)
    for _ in range(2):
        await api.Logout(pb.LogoutRequest(refresh_token=tokens.refresh_token))
    assert await refused(refresh(api, tokens.refresh_token)) == (UNAUTHENTICATED, "REFRESH_TOKEN_INVALID")


async def test_create_stream_ticket_gives_a_ticket_for_the_stream_and_where_to_take_it(api):
    tokens = await login(api)
    response = await api.CreateStreamTicket(stream_pb.CreateStreamTicketRequest(), token=tokens.access_token)
    claims = jwt.decode(response.ticket, options={"verify_signature": False})
    assert (claims["aud"], claims["sub"], claims["roles"]) == ("stream", str(TRADER.user_id), ["trader"])
    assert (response.url, response.expire_time.seconds) == (STREAM_URL, claims["exp"])


async def test_a_ticket_does_not_open_the_api(api):
    tokens = await login(api)
    response = await api.CreateStreamTicket(stream_pb.CreateStreamTicketRequest(), token=tokens.access_token)
    call = api.ListAccounts(account_pb.ListAccountsRequest(), token=response.ticket)
    assert await refused(call) == (UNAUTHENTICATED, "TOKEN_INVALID")


async def test_create_stream_ticket_after_logout_is_refused(api):
    tokens = await login(api)
    await api.Logout(pb.LogoutRequest(refresh_token=tokens.refresh_token))
    call = api.CreateStreamTicket(stream_pb.CreateStreamTicketRequest(), token=tokens.access_token)
    assert await refused(call) == (UNAUTHENTICATED, "SESSION_ENDED")
