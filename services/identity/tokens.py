"""Signing tokens with Ed25519."""

import base64
import hashlib
import json
from datetime import datetime
from pathlib import Path

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from services.identity.domain.session import Session
from services.kernel.ids import NewId
from services.kit.config import ConfigError

ALGORITHM = "EdDSA"
TYPE = "at+jwt"


class Ed25519Signer:
    """Signs with one key, named by its RFC 7638 thumbprint."""

    def __init__(self, key: Ed25519PrivateKey, issuer: str, new_id: NewId) -> None:
        self._key = key
        self._issuer = issuer
        self._new_id = new_id
        self._jwk = _jwk(key)

    def sign(self, session: Session, audience: str, issued_at: datetime, expires_at: datetime) -> str:
        """A JWT that speaks for the session's user."""
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "sub": str(session.user.user_id),
            "sid": str(session.session_id),
            "tid": session.user.tenant,
            "roles": list(session.user.roles),
            "iat": int(issued_at.timestamp()),
            "nbf": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": str(self._new_id()),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._jwk["kid"], "typ": TYPE})

    def jwks(self) -> str:
        """The public key, as a JWK set."""
        return json.dumps({"keys": [self._jwk]})


def read_key(file: Path) -> Ed25519PrivateKey:
    """Reads a private key in PEM. Raises `ConfigError` for what is not one."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(f"IDENTITY_SIGNING_KEY_FILE can't be read: {error.strerror}: {file}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"IDENTITY_SIGNING_KEY_FILE is not a private key in PEM without a password: {file}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"IDENTITY_SIGNING_KEY_FILE is not an Ed25519 key: {file}")
    return key


def _jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    x = _base64url(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    required = {"crv": "Ed25519", "kty": "OKP", "x": x}
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":"))
    kid = _base64url(hashlib.sha256(canonical.encode()).digest())
    return {**required, "kid": kid, "use": "sig", "alg": ALGORITHM}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
