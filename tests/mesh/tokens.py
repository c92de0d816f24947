"""Access tokens as identity issues them, and all the wrong ones."""

import base64
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

USER_ID = "018f4a00-0000-7000-8000-000000000001"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Issuer:
    """A key, and the tokens that it signs."""

    kid: str = "key-1"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def write_jwks(self, path: Path) -> None:
        x = encoded(self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        key = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": x}
        path.write_text(json.dumps({"keys": [key]}))

    def claims(self, *, expires_in_s: int = 300, **changed: object) -> dict[str, object]:
        now = int(time.time())  # noqa: TID251 - Envoy compares with the wall clock
        times = {"iat": now - 600, "nbf": now - 600, "exp": now + expires_in_s}
        own = {"iss": "tradeloom", "aud": "client", "sub": USER_ID, "sid": "s-1", "tid": "demo", "roles": ["trader"]}
        return {**own, **times, "jti": "j-1", **changed}

    def token(self, *, expires_in_s: int = 300, without: str = "", **changed: object) -> str:
        claims = self.claims(expires_in_s=expires_in_s, **changed)
        claims.pop(without, None)
        return jwt.encode(claims, self.key, algorithm="EdDSA", headers={"kid": self.kid, "typ": "at+jwt"})

    def unsigned(self) -> str:
        header = {"alg": "none", "kid": self.kid, "typ": "at+jwt"}
        return ".".join([*(encoded(json.dumps(part).encode()) for part in (header, self.claims())), ""])

    def signed_with_the_public_key(self) -> str:
        """The classic confusion: HMAC with what everybody knows."""
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return jwt.encode(self.claims(), public, algorithm="HS256", headers={"kid": self.kid, "typ": "at+jwt"})


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
