"""Whose account is it: asked once, remembered, for owners never change."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from services.kernel.errors import EngineError, Kind
from services.kit.tokens import Principal

ACCOUNTS_MAX = 100_000
UNKNOWN = "ACCOUNT_UNKNOWN"


class Owner(NamedTuple):
    """A user of a tenant, as text."""

    user_id: str
    tenant: str


FindOwner = Callable[[str], Awaitable[Owner]]


class Owners:
    """Checks that accounts are their callers'. An account of somebody else is refused as one that does not exist."""

    def __init__(self, find: FindOwner, accounts_max: int = ACCOUNTS_MAX) -> None:
        self._find = find
        self._accounts_max = accounts_max
        self._known: OrderedDict[str, Owner] = OrderedDict()

    async def check(self, account_id: str, principal: Principal) -> None:
        """Returns when the account is the caller's; else fails with `ACCOUNT_UNKNOWN`."""
        owner = self._known.get(account_id) or await self._look_up(account_id)
        if owner.user_id != principal.user_id or owner.tenant != principal.tenant:
            raise _unknown()

    async def _look_up(self, account_id: str) -> Owner:
        try:
            owner = await self._find(account_id)
        except EngineError as error:
            raise _unknown() if error.reason == UNKNOWN else error from None
        self._known[account_id] = owner
        if len(self._known) > self._accounts_max:
            self._known.popitem(last=False)
        return owner


def _unknown() -> EngineError:
    return EngineError(Kind.NOT_FOUND, UNKNOWN, "you have no such account")
