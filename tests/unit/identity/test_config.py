"""What identity refuses to start with."""

import pytest

from services.identity.config import IdentityConfig
from services.identity.main import hasher_of, lifetimes_of
from services.kit.config import ConfigError, load
from tests.fakes.identity import LIFETIMES

ENVIRONMENT = {
    "IDENTITY_ADDRESS": "127.0.0.1:7411",
    "IDENTITY_POSTGRES_URL": "postgresql://identity@/tradeloom",
    "IDENTITY_SIGNING_KEY_FILE": "/keys/signing.pem",
}


def test_the_defaults_are_the_floor_of_owasp_and_the_lifetimes_of_the_contract():
    config = load(IdentityConfig, "identity", ENVIRONMENT)
    assert (config.argon2_memory_kib, config.argon2_time_cost, config.argon2_parallelism) == (19456, 2, 1)
    assert lifetimes_of(config) == LIFETIMES


@pytest.mark.parametrize("changed", [{"IDENTITY_ARGON2_MEMORY_KIB": "19455"}, {"IDENTITY_ARGON2_TIME_COST": "1"}])
def test_hashes_that_are_too_cheap_are_refused(changed):
    with pytest.raises(ConfigError, match="IDENTITY_ARGON2"):
        load(IdentityConfig, "identity", {**ENVIRONMENT, **changed})


async def test_the_configured_costs_are_those_of_the_hashes():
    hasher = hasher_of(load(IdentityConfig, "identity", ENVIRONMENT))
    assert (await hasher.hash("demo-trader-1")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    hasher.close()
