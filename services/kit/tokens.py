"""Verifying access tokens: JWTs signed with Ed25519, checked against the issuer's published keys."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import jwt

from services.kernel.clock import Monotonic, Now, monotonic, utc_now
from services.kernel.errors import EngineError, Kind

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
LEEWAY_S = 5
REQUIRED_CLAIMS = ["iss", "aud", "sub", "sid", "tid", "iat", "exp", "jti"]
CACHE_SIZE = 20_000
# An unknown key id asks the issuer again, but not more often than this: forged ids must cost it nothing.
REFETCH_S = 5.0

FetchJwks = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: ids as text, as in the token."""

    user_id: str
    session_id: str
    tenant: str
    roles: tuple[str, ...]
    token_id: str
    expires_at: float  # seconds since 1970, as in the token


class Verifier:
    """Verifies tokens of one issuer for one audience. A token that was verified is remembered until it expires."""

    def __init__(
        self, fetch_jwks: FetchJwks, issuer: str, audience: str, *, now: Now = utc_now, clock: Monotonic = monotonic
    ) -> None:
        self._fetch_jwks = fetch_jwks
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._verified: OrderedDict[str, Principal] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Who the token speaks for. Raises `TOKEN_EXPIRED` or `TOKEN_INVALID`."""
        known = self._verified.get(token)
        if known is None:
            known = self._principal(self._decode(token, await self._key(token)))
            self._remember(token, known)
        check_alive(known, self._now())
        return known

    async def _key(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise _invalid() from None
        if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or "crit" in header:
            raise _invalid()
        key_id = str(header.get("kid"))
        if key_id not in self._keys:
            await self._refetch()
        if key_id not in self._keys:
            raise _invalid()
        return self._keys[key_id]

    async def _refetch(self) -> None:
        async with self._fetching:
            if self._clock() - self._fetched_at < REFETCH_S:
                return
            keys = json.loads(await self._fetch_jwks())["keys"]
            self._keys = {key["kid"]: jwt.PyJWK(key, algorithm=ALGORITHM) for key in keys}
            self._fetched_at = self._clock()

    def _decode(self, token: str, key: jwt.PyJWK) -> dict[str, object]:
        try:
            claims: dict[str, object] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_S,
                options={"require": REQUIRED_CLAIMS},
            )
        except jwt.ExpiredSignatureError:
            raise _expired() from None
        except jwt.PyJWTError:
            raise _invalid() from None
        return claims

    def _principal(self, claims: dict[str, object]) -> Principal:
        roles = claims.get("roles")
        return Principal(
            user_id=str(claims["sub"]),
            session_id=str(claims["sid"]),
            tenant=str(claims["tid"]),
            roles=tuple(str(role) for role in roles) if isinstance(roles, list) else (),
            token_id=str(claims["jti"]),
            expires_at=float(str(claims["exp"])),
        )

    def _remember(self, token: str, principal: Principal) -> None:
        self._verified[token] = principal
        if len(self._verified) > CACHE_SIZE:
            self._verified.popitem(last=False)


def check_alive(principal: Principal, now: datetime) -> None:
    """Fails with `TOKEN_EXPIRED` when the token has expired; for streams, which outlive the check at their start."""
    if principal.expires_at + LEEWAY_S <= now.timestamp():
        raise _expired()


def _expired() -> EngineError:
    return EngineError(Kind.UNAUTHENTICATED, "TOKEN_EXPIRED", "the access token has expired")


def _invalid() -> EngineError:
    return EngineError(Kind.UNAUTHENTICATED, "TOKEN_INVALID", "the access token is not valid")
