"""What the use cases need of the world."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.identity.domain.session import RefreshToken, Session, User


class SessionStore(Protocol):
    """Users, sessions and hashes of refresh tokens. Fails with `STORE_UNAVAILABLE`."""

    async def user(self, user_id: UUID) -> User | None:
        """The user with the id."""

    async def user_by_name(self, username: str) -> tuple[User, str] | None:
        """The user with the name, and the hash of the password."""

    async def add_user(self, user: User, password_hash: str, at: datetime) -> bool:
        """Keeps a new user; False when the id or the name is taken."""

    async def change_password_hash(self, user_id: UUID, old: str, new: str) -> None:
        """Replaces a hash of the same password, unless it was replaced meanwhile."""

    async def start_session(self, session: Session, token_hash: bytes, at: datetime, expires_at: datetime) -> None:
        """Keeps a new session and its first refresh token."""

    async def session(self, session_id: UUID) -> Session | None:
        """The session with the id."""

    async def refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        """The refresh token with the hash."""

    async def rotate(self, old_hash: bytes, new_hash: bytes, at: datetime, expires_at: datetime) -> bool:
        """Spends a refresh token and keeps its successor; False, and nothing done, when it is spent already."""

    async def end_session(self, session_id: UUID, reason: str, at: datetime) -> None:
        """Ends the session, unless it ended before."""

    async def forget_tokens(self, expired_before: datetime) -> int:
        """Deletes refresh tokens that expired; returns how many."""


class PasswordHasher(Protocol):
    """Hashes passwords, slowly, and not too many at once: fails with `LOGIN_BUSY`."""

    async def hash(self, password: str) -> str:
        """The hash to keep."""

    async def matches(self, password: str, kept: str | None) -> bool:
        """Whether the hash is of the password. Without a hash it takes as long, and says no."""

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than new ones are."""


class TokenSigner(Protocol):
    """Signs tokens with the key whose public half `jwks` gives."""

    def sign(self, session: Session, audience: str, issued_at: datetime, expires_at: datetime) -> str:
        """A JWT that speaks for the session's user."""

    def jwks(self) -> str:
        """The public keys, JSON as of RFC 7517."""
