"""Verifying access tokens: signature, issuer, audience, time, and what is remembered."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from services.kernel.clock import utc_now
from services.kernel.errors import EngineError, Kind
from services.kit.tokens import LEEWAY_S, REFETCH_S, Principal, Verifier


class Issuer:
    """Signs tokens and publishes its keys."""

    def __init__(self):
        self.keys = {"k1": Ed25519PrivateKey.generate()}
        self.fetches = 0

    async def jwks(self):
        self.fetches += 1
        published = [
            json.loads(OKPAlgorithm.to_jwk(key.public_key())) | {"kid": key_id} for key_id, key in self.keys.items()
        ]
        return json.dumps({"keys": published})

    def token(self, *, key_id="k1", key=None, headers=None, algorithm="EdDSA", without=(), **claims):
        now = utc_now()
        whole = {
            "iss": "tradeloom",
            "aud": "client",
            "sub": "user-1",
            "sid": "session-1",
            "tid": "demo",
            "roles": ["trader"],
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(minutes=5),
            "jti": "token-1",
        } | claims
        for name in without:
            del whole[name]
        headers = {"kid": key_id, "typ": "at+jwt"} | (headers or {})
        return jwt.encode(whole, self.keys[key_id] if key is None else key, algorithm, headers)


class Clock:
    """Turned by the test."""

    def __init__(self):
        self.at = 0.0
        self.shift = timedelta()

    def monotonic(self):
        return self.at

    def now(self):
        return utc_now() + self.shift


@pytest.fixture
def issuer():
    return Issuer()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def verifier(issuer, clock):
    return Verifier(issuer.jwks, "tradeloom", "client", now=clock.now, clock=clock.monotonic)


async def refusal(verifier, token):
    with pytest.raises(EngineError) as caught:
        await verifier.verify(token)
    assert caught.value.kind is Kind.UNAUTHENTICATED
    return caught.value.reason


async def test_a_good_token_says_who_calls(verifier, issuer):
    expires = datetime(2099, 1, 1, tzinfo=UTC)
    assert await verifier.verify(issuer.token(exp=expires)) == Principal(
        user_id="user-1",
        session_id="session-1",
        tenant="demo",
        roles=("trader",),
        token_id="token-1",
        expires_at=expires.timestamp(),
    )


async def test_the_keys_are_fetched_once(verifier, issuer):
    await verifier.verify(issuer.token(jti="a"))
    await verifier.verify(issuer.token(jti="b"))
    assert issuer.fetches == 1


async def test_a_forged_signature_is_refused(verifier, issuer):
    assert await refusal(verifier, issuer.token(key=Ed25519PrivateKey.generate())) == "TOKEN_INVALID"


async def test_a_token_whose_claims_were_changed_is_refused(verifier, issuer):
    head, _, signature = issuer.token().split(".")
    _, claims, _ = issuer.token(sub="user-2").split(".")
    assert await refusal(verifier, f"{head}.{claims}.{signature}") == "TOKEN_INVALID"


@pytest.mark.parametrize("change", [{"iss": "somebody"}, {"aud": "stream"}, {"aud": "other"}])
async def test_a_token_of_another_issuer_or_for_another_audience_is_refused(verifier, issuer, change):
    assert await refusal(verifier, issuer.token(**change)) == "TOKEN_INVALID"


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "tid", "iat", "exp", "jti"])
async def test_a_token_that_lacks_a_claim_is_refused(verifier, issuer, claim):
    assert await refusal(verifier, issuer.token(without=(claim,))) == "TOKEN_INVALID"


@pytest.mark.parametrize("headers", [{"typ": "JWT"}, {"crit": ["exp"]}, {"kid": "k9"}])
async def test_a_token_with_another_head_is_refused(verifier, issuer, headers):
    assert await refusal(verifier, issuer.token(headers=headers)) == "TOKEN_INVALID"


async def test_a_token_without_a_signature_or_with_a_shared_secret_is_refused(verifier, issuer):
    assert await refusal(verifier, issuer.token(key="", algorithm="none")) == "TOKEN_INVALID"
    secret = "k" * 64
    assert await refusal(verifier, issuer.token(key=secret, algorithm="HS256")) == "TOKEN_INVALID"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "\u00e9"])
async def test_what_is_no_token_is_refused(verifier, token):
    assert await refusal(verifier, token) == "TOKEN_INVALID"


async def test_an_expired_token_is_refused_as_such(verifier, issuer):
    token = issuer.token(exp=utc_now() - timedelta(seconds=LEEWAY_S + 1))
    assert await refusal(verifier, token) == "TOKEN_EXPIRED"


async def test_a_token_of_the_future_is_refused(verifier, issuer):
    assert await refusal(verifier, issuer.token(nbf=utc_now() + timedelta(minutes=1))) == "TOKEN_INVALID"


async def test_a_token_that_was_verified_before_still_expires(verifier, issuer, clock):
    token = issuer.token()
    await verifier.verify(token)
    clock.shift = timedelta(minutes=5, seconds=LEEWAY_S + 1)
    assert await refusal(verifier, token) == "TOKEN_EXPIRED"


async def test_a_new_key_is_fetched_when_a_token_names_it(verifier, issuer, clock):
    await verifier.verify(issuer.token())
    issuer.keys["k2"] = Ed25519PrivateKey.generate()
    clock.at += REFETCH_S
    assert (await verifier.verify(issuer.token(key_id="k2"))).user_id == "user-1"


async def test_forged_key_ids_do_not_make_us_ask_the_issuer_again_and_again(verifier, issuer):
    await verifier.verify(issuer.token())
    for n in range(20):
        await refusal(verifier, issuer.token(headers={"kid": f"forged-{n}"}))
    assert issuer.fetches == 1


async def test_a_key_that_was_taken_back_is_not_accepted_after_the_next_fetch(verifier, issuer, clock):
    old = issuer.token(jti="not seen before")
    await verifier.verify(issuer.token())
    issuer.keys = {"k2": Ed25519PrivateKey.generate()}
    clock.at += REFETCH_S
    await verifier.verify(issuer.token(key_id="k2"))
    assert await refusal(verifier, old) == "TOKEN_INVALID"
