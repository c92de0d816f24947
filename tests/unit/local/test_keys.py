import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from local import keys


def test_a_key_is_made_once_and_kept_private(tmp_path):
    file = tmp_path / "keys" / "signing.pem"
    first, second = keys.load_or_create(file), keys.load_or_create(file)
    assert first.private_bytes_raw() == second.private_bytes_raw()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_key_id_is_the_thumbprint_of_the_published_example():
    # RFC 8037, appendix A.3.
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    raw = base64.urlsafe_b64decode(x + "=")
    (key,) = json.loads(keys.jwks(Ed25519PublicKey.from_public_bytes(raw)))["keys"]
    assert key["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert (key["x"], key["alg"], key["crv"], key["kty"]) == (x, "EdDSA", "Ed25519", "OKP")


def test_a_key_of_another_kind_is_refused(tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "signing.pem").write_bytes(pem)
    with pytest.raises(ValueError, match="no Ed25519 key"):
        keys.load_or_create(tmp_path / "signing.pem")
