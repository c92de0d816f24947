"""Configuration of identity."""

from dataclasses import dataclass
from pathlib import Path

from services.kit.config import ConfigError, ServiceConfig

# What OWASP's password storage cheat sheet asks of Argon2id at least.
MEMORY_KIB_MIN = 19 * 1024
TIME_COST_MIN = 2


@dataclass(frozen=True, kw_only=True)
class IdentityConfig(ServiceConfig):
    """Where the data and the key are, how long tokens live, and what a password hash costs."""

    postgres_url: str
    postgres_owner_url: str = ""
    signing_key_file: Path
    issuer: str = "tradeloom"
    access_s: int = 600
    ticket_s: int = 30
    refresh_days: int = 30
    argon2_memory_kib: int = MEMORY_KIB_MIN
    argon2_time_cost: int = TIME_COST_MIN
    argon2_parallelism: int = 1
    hash_threads: int = 2
    hash_queue_max: int = 64

    def __post_init__(self) -> None:
        if self.argon2_memory_kib < MEMORY_KIB_MIN or self.argon2_time_cost < TIME_COST_MIN:
            raise ConfigError(
                f"IDENTITY_ARGON2_MEMORY_KIB must be {MEMORY_KIB_MIN} and IDENTITY_ARGON2_TIME_COST {TIME_COST_MIN} "
                "at least: cheaper hashes can be guessed"
            )
