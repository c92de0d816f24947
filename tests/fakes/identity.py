"""Identity without PostgreSQL: a store in memory, cheap hashes, a clock that is set."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import argon2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.identity.domain.session import RefreshToken, Session, User
from services.identity.domain.throttle import Throttle
from services.identity.handlers import Identity, Lifetimes
from services.identity.passwords import Argon2Hasher
from services.identity.tokens import Ed25519Signer
from services.kernel.clock import utc_now

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LIFETIMES = Lifetimes(timedelta(minutes=10), timedelta(days=30), timedelta(seconds=30))
TRADER = User(UUID("018f4a00-0000-7000-8000-000000000001"), "demo", "trader1@demo.tradeloom.example", ("trader",))
PASSWORD = "demo-trader-1"


class Clock:
    """A clock that moves when told."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **delta: float) -> None:
        self.at += timedelta(**delta)


class MemorySessionStore:
    """Keeps everything in dictionaries; passes the suite that `PostgresSessionStore` passes."""

    def __init__(self) -> None:
        self.users: dict[UUID, tuple[User, str]] = {}
        self.sessions: dict[UUID, Session] = {}
        self.end_reasons: dict[UUID, str] = {}
        self.tokens: dict[bytes, tuple[UUID, datetime, bool]] = {}

    async def user(self, user_id: UUID) -> User | None:
        found = self.users.get(user_id)
        return found and found[0]

    async def user_by_name(self, username: str) -> tuple[User, str] | None:
        return next((found for found in self.users.values() if found[0].username == username), None)

    async def add_user(self, user: User, password_hash: str, at: datetime) -> bool:
        if user.user_id in self.users or await self.user_by_name(user.username):
            return False
        self.users[user.user_id] = (user, password_hash)
        return True

    async def change_password_hash(self, user_id: UUID, old: str, new: str) -> None:
        user, kept = self.users[user_id]
        if kept == old:
            self.users[user_id] = (user, new)

    async def start_session(self, session: Session, token_hash: bytes, at: datetime, expires_at: datetime) -> None:
        self.sessions[session.session_id] = session
        self.tokens[token_hash] = (session.session_id, expires_at, False)

    async def session(self, session_id: UUID) -> Session | None:
        return self.sessions.get(session_id)

    async def refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        await asyncio.sleep(0)  # Lets others in between, as a database would.
        if token_hash not in self.tokens:
            return None
        session_id, expires_at, used = self.tokens[token_hash]
        return RefreshToken(self.sessions[session_id], expires_at, used)

    async def rotate(self, old_hash: bytes, new_hash: bytes, at: datetime, expires_at: datetime) -> bool:
        session_id, old_expires_at, used = self.tokens[old_hash]
        if used:
            return False
        self.tokens[old_hash] = (session_id, old_expires_at, True)
        self.tokens[new_hash] = (session_id, expires_at, False)
        return True

    async def end_session(self, session_id: UUID, reason: str, at: datetime) -> None:
        session = self.sessions[session_id]
        if not session.ended:
            self.sessions[session_id] = replace(session, ended=True)
            self.end_reasons[session_id] = reason

    async def forget_tokens(self, expired_before: datetime) -> int:
        expired = [kept for kept, (_, expires_at, _) in self.tokens.items() if expires_at < expired_before]
        for kept in expired:
            del self.tokens[kept]
        return len(expired)


@dataclass
class World:
    """Identity and what it stands on."""

    store: MemorySessionStore = field(default_factory=MemorySessionStore)
    clock: Clock = field(default_factory=lambda: Clock(utc_now()))
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    hasher: Argon2Hasher = field(default_factory=lambda: Argon2Hasher(CHEAP, threads=1, queue_max=64))
    throttle: Throttle = field(default_factory=Throttle)
    lifetimes: Lifetimes = LIFETIMES

    def __post_init__(self) -> None:
        numbers = count(1)
        self.identity = Identity(
            store=self.store,
            hasher=self.hasher,
            signer=Ed25519Signer(self.key, "tradeloom", new_test_id),
            throttle=self.throttle,
            lifetimes=self.lifetimes,
            now=self.clock,
            new_id=new_test_id,
            new_secret=lambda: f"secret-{next(numbers)}",
        )


_ids = count(1)


def new_test_id() -> UUID:
    """Ids in a row, the same in every run."""
    return UUID(int=(0x7 << 76) | (0b10 << 62) | next(_ids))
