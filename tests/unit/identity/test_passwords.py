"""Hashing passwords, off the loop and not too many at once."""

import asyncio
import threading

import argon2
import pytest

from services.identity.passwords import Argon2Hasher
from services.kernel.errors import EngineError, Kind
from tests.fakes.identity import CHEAP


class BlockedArgon2:
    """Verifies nothing until it is let go, and counts who came."""

    def __init__(self):
        self.go = threading.Event()
        self.began = threading.Event()
        self.verified = []
        self.hash = CHEAP.hash

    def verify(self, kept, password):
        self.began.set()
        assert self.go.wait(10)
        self.verified.append((kept, password))
        return True


@pytest.fixture
def hasher():
    made = Argon2Hasher(CHEAP, threads=1, queue_max=4)
    yield made
    made.close()


@pytest.fixture
def blocked():
    argon = BlockedArgon2()
    made = Argon2Hasher(argon, threads=1, queue_max=2)
    yield made, argon
    argon.go.set()
    made.close()


async def test_a_password_matches_its_own_hash_only(hasher):
    kept = await hasher.hash("demo-trader-1")
    assert kept.startswith("$argon2id$")
    assert "demo-trader-1" not in kept
    assert await hasher.matches("demo-trader-1", kept)
    assert not await hasher.matches("demo-trader-2", kept)


async def test_two_hashes_of_one_password_differ(hasher):
    assert await hasher.hash("demo-trader-1") != await hasher.hash("demo-trader-1")


async def test_no_hash_and_a_broken_hash_match_nothing(hasher):
    assert not await hasher.matches("nobody's password", None)
    assert not await hasher.matches("demo-trader-1", "$argon2id$broken")


async def test_who_does_not_exist_is_verified_all_the_same(blocked):
    hasher, argon = blocked
    argon.go.set()
    assert not await hasher.matches("guess", None)
    [(kept, password)] = argon.verified
    assert password == "guess"
    assert argon2.extract_parameters(kept) == argon2.extract_parameters(CHEAP.hash("x"))


async def test_a_hash_with_other_parameters_is_outdated(hasher):
    assert not hasher.is_outdated(await hasher.hash("demo-trader-1"))
    assert hasher.is_outdated(argon2.PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash("demo-trader-1"))


async def test_when_the_queue_is_full_a_login_is_refused_at_once_and_the_queued_ones_go_on(blocked):
    hasher, argon = blocked
    queued = [asyncio.create_task(hasher.matches("guess", "kept")) for _ in range(2)]
    assert await asyncio.to_thread(argon.began.wait, 10)
    with pytest.raises(EngineError) as caught:
        await hasher.matches("guess", "kept")
    assert (caught.value.kind, caught.value.reason) == (Kind.LIMITED, "LOGIN_BUSY")
    argon.go.set()
    assert await asyncio.gather(*queued) == [True, True]
    assert await hasher.matches("guess", "kept")


async def test_a_caller_who_gives_up_makes_room(blocked):
    hasher, argon = blocked
    first = asyncio.create_task(hasher.matches("guess", "kept"))
    second = asyncio.create_task(hasher.matches("guess", "kept"))
    assert await asyncio.to_thread(argon.began.wait, 10)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    third = asyncio.create_task(hasher.matches("guess", "kept"))
    argon.go.set()
    assert await asyncio.gather(first, third) == [True, True]
    assert len(argon.verified) == 2


async def test_hashing_does_not_hold_up_the_loop(blocked):
    hasher, argon = blocked
    task = asyncio.create_task(hasher.matches("guess", "kept"))
    assert await asyncio.to_thread(argon.began.wait, 10)
    await asyncio.sleep(0)  # The loop turns while the thread is stuck.
    assert not task.done()
    argon.go.set()
    assert await task
