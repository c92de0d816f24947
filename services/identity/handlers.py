"""Use cases: making users, logging in, staying in, going out, and tickets."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.identity.domain.session import RefreshToken, Session, Tokens, User, Verdict, judge, username_of
from services.identity.domain.throttle import Throttle
from services.identity.ports import PasswordHasher, SessionStore, TokenSigner
from services.kernel.clock import Now
from services.kernel.errors import EngineError, Kind
from services.kernel.ids import NewId

CLIENT_AUDIENCE = "client"
STREAM_AUDIENCE = "stream"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long what is issued is good for."""

    access: timedelta
    refresh: timedelta
    ticket: timedelta


@dataclass(frozen=True, slots=True)
class Identity:
    """All use cases of the service."""

    store: SessionStore
    hasher: PasswordHasher
    signer: TokenSigner
    throttle: Throttle
    lifetimes: Lifetimes
    now: Now
    new_id: NewId
    new_secret: Callable[[], str]

    async def create_user(self, user: User, password: str) -> UUID:
        """Makes a user; once more is the same user, with the password that was set first."""
        known = await self.store.user(user.user_id)
        if known is None:
            if await self.store.add_user(user, await self.hasher.hash(password), self.now()):
                return user.user_id
            known = await self.store.user(user.user_id)  # Somebody was faster, or the name belongs to another one.
        if known is None:
            raise EngineError(Kind.CONFLICT, "USERNAME_TAKEN", "username belongs to another user")
        if known != user:
            raise EngineError(Kind.CONFLICT, "USER_EXISTS", "user_id was used for another user")
        return known.user_id

    async def login(self, username: str, password: str) -> Tokens:
        """Starts a session for who knows the password."""
        name = username_of(username)
        self._refuse_guessing(name)
        found = await self.store.user_by_name(name)
        user, kept = found or (None, None)
        if not await self.hasher.matches(password, kept) or user is None or kept is None:
            self.throttle.failed(name, self.now())
            raise EngineError(Kind.UNAUTHENTICATED, "CREDENTIALS_INVALID", "username or password is wrong")
        self.throttle.succeeded(name)
        if self.hasher.is_outdated(kept):
            await self._rehash(user, password, kept)
        return await self._start_session(user)

    async def refresh(self, token: str) -> Tokens:
        """Exchanges a refresh token for new tokens; the second use of one ends its session."""
        presented, now = hash_of(token), self.now()
        found = await self.store.refresh_token(presented)
        if found is not None and judge(found, now) is Verdict.ROTATE:
            successor, expires_at = self.new_secret(), now + self.lifetimes.refresh
            if await self.store.rotate(presented, hash_of(successor), now, expires_at):
                return self._tokens(found.session, successor, now)
            found = await self.store.refresh_token(presented)  # Spent while we looked: now it counts as used.
        await self._refuse_token(found, now)
        raise EngineError(Kind.UNAUTHENTICATED, "REFRESH_TOKEN_INVALID", "the refresh token is not valid")

    async def logout(self, token: str) -> None:
        """Ends the session that the refresh token belongs to; an unknown one belongs to none."""
        found = await self.store.refresh_token(hash_of(token))
        if found is not None:
            await self.store.end_session(found.session.session_id, "LOGOUT", self.now())

    async def issue_ticket(self, user_id: UUID, session_id: UUID) -> tuple[str, datetime]:
        """Signs a ticket for one WebSocket of a session that goes on, and says when it expires."""
        session = await self.store.session(session_id)
        if session is None or session.ended or session.user.user_id != user_id:
            raise EngineError(Kind.UNAUTHENTICATED, "SESSION_ENDED", "the session has ended; log in again")
        now = self.now()
        expires_at = now + self.lifetimes.ticket
        return self.signer.sign(session, STREAM_AUDIENCE, now, expires_at), expires_at

    async def sweep(self) -> int:
        """Forgets refresh tokens that nobody can use any more."""
        return await self.store.forget_tokens(self.now())

    def _refuse_guessing(self, name: str) -> None:
        pause = self.throttle.pause_of(name, self.now())
        if pause > timedelta():
            seconds = str(-(-pause // timedelta(seconds=1)))  # Rounded up.
            message = f"too many failed logins; try again in {seconds} s"
            raise EngineError(Kind.LIMITED, "LOGIN_THROTTLED", message, retryAfterS=seconds)

    async def _rehash(self, user: User, password: str, kept: str) -> None:
        try:
            await self.store.change_password_hash(user.user_id, kept, await self.hasher.hash(password))
        except EngineError as error:
            if error.reason != "LOGIN_BUSY":  # The next login will do.
                raise

    async def _start_session(self, user: User) -> Tokens:
        session, secret, now = Session(self.new_id(), user), self.new_secret(), self.now()
        await self.store.start_session(session, hash_of(secret), now, now + self.lifetimes.refresh)
        return self._tokens(session, secret, now)

    def _tokens(self, session: Session, secret: str, now: datetime) -> Tokens:
        access_expires_at = now + self.lifetimes.access
        access = self.signer.sign(session, CLIENT_AUDIENCE, now, access_expires_at)
        return Tokens(access, access_expires_at, secret, now + self.lifetimes.refresh)

    async def _refuse_token(self, found: RefreshToken | None, now: datetime) -> None:
        if found is not None and judge(found, now) is Verdict.END_SESSION:
            await self.store.end_session(found.session.session_id, "REFRESH_TOKEN_REUSED", now)
            raise EngineError(
                Kind.UNAUTHENTICATED,
                "REFRESH_TOKEN_REUSED",
                "the refresh token was used before; the session has ended, log in again",
            )


def hash_of(secret: str) -> bytes:
    """What is kept of a refresh token. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()
