"""Users, sessions and refresh tokens in PostgreSQL."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.identity.domain.session import RefreshToken, Session, User
from services.kit.postgres import reachable

_USER = "SELECT user_id, tenant, username, roles FROM login_user WHERE user_id = $1"
_USER_BY_NAME = "SELECT user_id, tenant, username, roles, password_hash FROM login_user WHERE username = $1"
_ADD_USER = """
INSERT INTO login_user (user_id, tenant, username, password_hash, roles, created_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING user_id
"""
_CHANGE_HASH = "UPDATE login_user SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2"
_START_SESSION = """
WITH started AS (
    INSERT INTO session (session_id, user_id, started_at) VALUES ($1, $2, $4) RETURNING session_id
)
INSERT INTO refresh_token (token_hash, session_id, issued_at, expires_at) SELECT $3, session_id, $4, $5 FROM started
"""
_SESSION = """
SELECT session_id, ended_at, user_id, tenant, username, roles
FROM session JOIN login_user USING (user_id) WHERE session_id = $1
"""
_PRESENTED = """
SELECT expires_at, used_at, session_id, ended_at, user_id, tenant, username, roles
FROM refresh_token JOIN session USING (session_id) JOIN login_user USING (user_id) WHERE token_hash = $1
"""
# Two who present the same token at once: the row is locked by the first, and the second finds `used_at` set.
_ROTATE = """
WITH spent AS (
    UPDATE refresh_token SET used_at = $3 WHERE token_hash = $1 AND used_at IS NULL RETURNING session_id
)
INSERT INTO refresh_token (token_hash, session_id, issued_at, expires_at)
SELECT $2, session_id, $3, $4 FROM spent RETURNING session_id
"""
_END_SESSION = "UPDATE session SET ended_at = $3, end_reason = $2 WHERE session_id = $1 AND ended_at IS NULL"
_FORGET = "DELETE FROM refresh_token WHERE expires_at < $1"
_AWAY = "users and sessions can't be read at the moment"


class PostgresSessionStore:
    """Fails with `STORE_UNAVAILABLE` while the database can't be reached."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def user(self, user_id: UUID) -> User | None:
        """The user with the id."""
        with reachable(_AWAY):
            row = await self._pool.fetchrow(_USER, user_id)
        return None if row is None else _user(row)

    async def user_by_name(self, username: str) -> tuple[User, str] | None:
        """The user with the name, and the hash of the password."""
        if "\0" in username:  # PostgreSQL refuses the character, so nobody is called that.
            return None
        with reachable(_AWAY):
            row = await self._pool.fetchrow(_USER_BY_NAME, username)
        return None if row is None else (_user(row), row["password_hash"])

    async def add_user(self, user: User, password_hash: str, at: datetime) -> bool:
        """Keeps a new user; False when the id or the name is taken."""
        values = (user.user_id, user.tenant, user.username, password_hash, list(user.roles), at)
        with reachable(_AWAY):
            return await self._pool.fetchval(_ADD_USER, *values) is not None

    async def change_password_hash(self, user_id: UUID, old: str, new: str) -> None:
        """Replaces a hash of the same password, unless it was replaced meanwhile."""
        with reachable(_AWAY):
            await self._pool.execute(_CHANGE_HASH, user_id, old, new)

    async def start_session(self, session: Session, token_hash: bytes, at: datetime, expires_at: datetime) -> None:
        """Keeps a new session and its first refresh token."""
        with reachable(_AWAY):
            await self._pool.execute(
                _START_SESSION, session.session_id, session.user.user_id, token_hash, at, expires_at
            )

    async def session(self, session_id: UUID) -> Session | None:
        """The session with the id."""
        with reachable(_AWAY):
            row = await self._pool.fetchrow(_SESSION, session_id)
        return None if row is None else _session(row)

    async def refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        """The refresh token with the hash."""
        with reachable(_AWAY):
            row = await self._pool.fetchrow(_PRESENTED, token_hash)
        return None if row is None else RefreshToken(_session(row), row["expires_at"], row["used_at"] is not None)

    async def rotate(self, old_hash: bytes, new_hash: bytes, at: datetime, expires_at: datetime) -> bool:
        """Spends a refresh token and keeps its successor; False, and nothing done, when it is spent already."""
        with reachable(_AWAY):
            return await self._pool.fetchval(_ROTATE, old_hash, new_hash, at, expires_at) is not None

    async def end_session(self, session_id: UUID, reason: str, at: datetime) -> None:
        """Ends the session, unless it ended before."""
        with reachable(_AWAY):
            await self._pool.execute(_END_SESSION, session_id, reason, at)

    async def forget_tokens(self, expired_before: datetime) -> int:
        """Deletes refresh tokens that expired; returns how many."""
        with reachable(_AWAY):
            outcome: str = await self._pool.execute(_FORGET, expired_before)
        return int(outcome.removeprefix("DELETE "))


def _user(row: asyncpg.Record) -> User:
    return User(row["user_id"], row["tenant"], row["username"], tuple(row["roles"]))


def _session(row: asyncpg.Record) -> Session:
    return Session(row["session_id"], _user(row), row["ended_at"] is not None)
