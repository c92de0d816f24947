"""Argon2id in a few threads, off the event loop, with a queue that ends."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from services.kernel.errors import EngineError, Kind

T = TypeVar("T")


class Argon2Hasher:
    """Hashes with the given parameters; at most `queue_max` passwords are worked on or waiting."""

    def __init__(self, parameters: argon2.PasswordHasher, *, threads: int, queue_max: int) -> None:
        self._argon2 = parameters
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._queue_max = queue_max
        self._queued = 0
        # Checked for a user who does not exist, so that the answer takes as long as for one who does.
        self._nobody = parameters.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        return await self._run(lambda: self._argon2.hash(password))

    async def matches(self, password: str, kept: str | None) -> bool:
        """Whether the hash is of the password. Without a hash it takes as long, and says no."""
        same = await self._run(lambda: self._verify(password, kept or self._nobody))
        return same and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than new ones are."""
        return self._argon2.check_needs_rehash(kept)

    def close(self) -> None:
        """Ends the threads, after what they are doing."""
        self._pool.shutdown(cancel_futures=True)

    def _verify(self, password: str, kept: str) -> bool:
        try:
            return self._argon2.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._queued >= self._queue_max:
            raise EngineError(Kind.LIMITED, "LOGIN_BUSY", "too many logins at once; try again in a second")
        self._queued += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._queued -= 1
