"""Users, their sessions, and what presenting a refresh token means."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from uuid import UUID


@dataclass(frozen=True, slots=True)
class User:
    """Who may log in. Usernames are kept as `username_of` gives them."""

    user_id: UUID
    tenant: str
    username: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A login that goes on until it is ended."""

    session_id: UUID
    user: User
    ended: bool = False


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that we issued, found by its hash."""

    session: Session
    expires_at: datetime
    used: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client holds of a session."""

    access: str
    access_expires_at: datetime
    refresh: str
    refresh_expires_at: datetime


class Verdict(Enum):
    """What is to be done about a refresh token."""

    ROTATE = auto()
    END_SESSION = auto()
    REFUSE = auto()


def judge(token: RefreshToken | None, now: datetime) -> Verdict:
    """What a presented refresh token means. One that was used before has been stolen, from us or by us."""
    if token is None or token.expires_at <= now:
        return Verdict.REFUSE
    if token.used:
        return Verdict.END_SESSION
    return Verdict.REFUSE if token.session.ended else Verdict.ROTATE


def username_of(text: str) -> str:
    """The one spelling under which a username is kept and looked up."""
    return text.strip().lower()
