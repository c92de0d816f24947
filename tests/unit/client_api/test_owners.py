"""Whose account it is."""

import pytest

from services.client_api.owners import Owner, Owners
from services.kernel.errors import EngineError, Kind
from services.kit.tokens import Principal

MINE = Owner("user-1", "demo")


def principal(user_id="user-1", tenant="demo"):
    return Principal(user_id, "session", tenant, ("trader",), "token", 0.0)


class Finder:
    """Knows two accounts; counts how often it was asked."""

    def __init__(self):
        self.asked = []
        self.down = False

    async def __call__(self, account_id):
        self.asked.append(account_id)
        if self.down:
            raise EngineError(Kind.UNAVAILABLE, "STORE_UNAVAILABLE", "away")
        if account_id not in ("a-1", "a-2"):
            raise EngineError(Kind.NOT_FOUND, "ACCOUNT_UNKNOWN", f"no account {account_id}", accountId=account_id)
        return MINE


async def refused(call):
    with pytest.raises(EngineError) as caught:
        await call
    error = caught.value
    return error.kind, error.reason, error.message, error.metadata


async def test_the_owner_is_asked_for_once():
    finder = Finder()
    owners = Owners(finder)
    for _ in range(3):
        await owners.check("a-1", principal())
    assert finder.asked == ["a-1"]


@pytest.mark.parametrize("stranger", [principal(user_id="user-2"), principal(tenant="other")])
async def test_somebody_elses_account_is_refused_exactly_as_one_that_does_not_exist(stranger):
    owners = Owners(Finder())
    await owners.check("a-1", principal())
    missing = await refused(owners.check("a-9", stranger))
    assert await refused(owners.check("a-1", stranger)) == missing
    assert missing[:2] == (Kind.NOT_FOUND, "ACCOUNT_UNKNOWN")


async def test_an_account_that_was_missing_is_asked_for_again():
    finder = Finder()
    owners = Owners(finder)
    for _ in range(2):
        await refused(owners.check("a-9", principal()))
    assert finder.asked == ["a-9", "a-9"]


async def test_a_failure_to_find_out_is_no_refusal():
    finder = Finder()
    finder.down = True
    kind, reason, *_ = await refused(Owners(finder).check("a-1", principal()))
    assert (kind, reason) == (Kind.UNAVAILABLE, "STORE_UNAVAILABLE")


async def test_what_is_remembered_is_bounded():
    finder = Finder()
    owners = Owners(finder, accounts_max=1)
    for account_id in ("a-1", "a-2", "a-2", "a-1"):
        await owners.check(account_id, principal())
    assert finder.asked == ["a-1", "a-2", "a-1"]
