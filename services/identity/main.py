"""Composition root of identity."""

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path

import argon2

from services.identity.api import IdentityService
from services.identity.config import IdentityConfig
from services.identity.domain.throttle import Throttle
from services.identity.handlers import Identity, Lifetimes
from services.identity.passwords import Argon2Hasher
from services.identity.store import PostgresSessionStore
from services.identity.tokens import Ed25519Signer, read_key
from services.kernel.clock import utc_now
from services.kernel.errors import EngineError
from services.kernel.ids import new_id
from services.kit import postgres, telemetry
from services.kit.config import load
from services.kit.server import serve

SQL = Path(__file__).parent / "sql"
SECRET_BYTES = 32
SWEEP_S = 3600.0

_log = telemetry.logger(__name__)


async def main() -> None:
    """Serves until stopped."""
    config = load(IdentityConfig, "identity")
    signer = Ed25519Signer(read_key(config.signing_key_file), config.issuer, new_id)
    if config.postgres_owner_url:
        await postgres.migrate(config.postgres_owner_url, "identity", SQL)
    hasher = hasher_of(config)
    async with postgres.pool(config.postgres_url, schema="identity") as pool:
        identity = Identity(
            store=PostgresSessionStore(pool),
            hasher=hasher,
            signer=signer,
            throttle=Throttle(),
            lifetimes=lifetimes_of(config),
            now=utc_now,
            new_id=new_id,
            new_secret=lambda: secrets.token_urlsafe(SECRET_BYTES),
        )
        await serve(
            config, "identity", [IdentityService(identity).register], background=[lambda: keep_sweeping(identity)]
        )
    hasher.close()


def hasher_of(config: IdentityConfig) -> Argon2Hasher:
    """The hasher with the configured costs."""
    parameters = argon2.PasswordHasher(
        time_cost=config.argon2_time_cost,
        memory_cost=config.argon2_memory_kib,
        parallelism=config.argon2_parallelism,
    )
    return Argon2Hasher(parameters, threads=config.hash_threads, queue_max=config.hash_queue_max)


def lifetimes_of(config: IdentityConfig) -> Lifetimes:
    """The configured lifetimes."""
    return Lifetimes(
        access=timedelta(seconds=config.access_s),
        refresh=timedelta(days=config.refresh_days),
        ticket=timedelta(seconds=config.ticket_s),
    )


async def keep_sweeping(identity: Identity) -> None:
    """Forgets expired refresh tokens now and then."""
    while True:
        try:
            _log.info("forgot expired refresh tokens", count=await identity.sweep())
        except EngineError as error:
            _log.warning("could not forget expired refresh tokens", reason=error.reason)
        await asyncio.sleep(SWEEP_S)
