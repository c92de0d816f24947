"""Signing tokens and reading the key."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local import keys
from services.identity.domain.session import Session
from services.identity.tokens import Ed25519Signer, read_key
from services.kit.config import ConfigError
from tests.fakes.identity import TRADER, new_test_id

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SESSION = Session(UUID("018f4a00-0000-7000-8000-0000000000aa"), TRADER)
# The key pair of RFC 8037, appendix A, and the thumbprint that it gives.
RFC_8037_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
RFC_8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def key():
    return Ed25519PrivateKey.generate()


def test_a_token_carries_the_claims_that_the_verifiers_want(key):
    token = Ed25519Signer(key, "tradeloom", new_test_id).sign(SESSION, "client", NOW, NOW + timedelta(minutes=10))
    claims = jwt.decode(token, key.public_key(), algorithms=["EdDSA"], audience="client", options={"verify_exp": False})
    assert len(claims.pop("jti")) == 36
    assert claims == {
        "iss": "tradeloom",
        "aud": "client",
        "sub": str(TRADER.user_id),
        "sid": str(SESSION.session_id),
        "tid": "demo",
        "roles": ["trader"],
        "iat": 1772452800,
        "nbf": 1772452800,
        "exp": 1772453400,
    }


def test_no_two_tokens_have_the_same_id(key):
    signer = Ed25519Signer(key, "tradeloom", new_test_id)
    assert signer.sign(SESSION, "client", NOW, NOW) != signer.sign(SESSION, "client", NOW, NOW)


def test_the_key_id_is_the_thumbprint_of_the_rfc(key):
    signer = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(RFC_8037_SEED), "tradeloom", new_test_id)
    [jwk] = json.loads(signer.jwks())["keys"]
    assert jwk["kid"] == RFC_8037_THUMBPRINT
    header = jwt.get_unverified_header(signer.sign(SESSION, "client", NOW, NOW))
    assert header == {"alg": "EdDSA", "kid": RFC_8037_THUMBPRINT, "typ": "at+jwt"}


def test_the_gateway_and_identity_publish_the_same_key(key):
    assert json.loads(Ed25519Signer(key, "tradeloom", new_test_id).jwks()) == json.loads(keys.jwks(key.public_key()))


def test_the_published_keys_hold_nothing_private(key):
    assert '"d"' not in Ed25519Signer(key, "tradeloom", new_test_id).jwks()


def test_a_key_is_read_from_pem(tmp_path, key):
    (tmp_path / "key.pem").write_bytes(pem(key))
    assert pem(read_key(tmp_path / "key.pem")) == pem(key)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read"),
        (b"", "not a private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a private key"),
        (pem(generate_ec_key(SECP256R1())), "not an Ed25519 key"),
    ],
    ids=["missing", "empty", "broken", "other"],
)
def test_a_file_that_holds_no_usable_key_stops_the_start_with_a_sentence(tmp_path, content, words):
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=f"IDENTITY_SIGNING_KEY_FILE.*{words}"):
        read_key(file)
