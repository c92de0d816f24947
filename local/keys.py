"""The key that signs access tokens: made on the first start; the gateway gets its public half."""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from local.paths import write_private


def load_or_create(file: Path) -> Ed25519PrivateKey:
    """Return the private key in the file, made now unless it is there."""
    if not file.exists():
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(file, pem.decode())
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{file} holds no Ed25519 key")
    return key


def jwks(key: Ed25519PublicKey) -> str:
    """Return the public key as a JWK set; the key id is its RFC 7638 thumbprint."""
    x = _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    required = {"crv": "Ed25519", "kty": "OKP", "x": x}
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":"))
    kid = _base64url(hashlib.sha256(canonical.encode()).digest())
    return json.dumps({"keys": [{**required, "kid": kid, "use": "sig", "alg": "EdDSA"}]})


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
