"""Conflation: a reader gets the newest value of each key, however slow it is, and never a queue."""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Newest(Generic[K, V]):
    """A mailbox for one reader that keeps one value a key: a newer one replaces the one that was not taken."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._filled = asyncio.Event()

    def put(self, key: K, value: V) -> None:
        """Leaves a value for the reader."""
        self._values[key] = value
        self._filled.set()

    async def take(self, timeout_s: float) -> list[V]:
        """All values since the last call, in the order their keys came; empty after `timeout_s` without one."""
        if not self._values:
            self._filled.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._filled.wait()
            except TimeoutError:
                return []
        values, self._values = self._values, {}
        return list(values.values())


class Broadcast(Generic[K, V]):
    """Keeps the last value of each key and tells every subscriber of each new one."""

    def __init__(self) -> None:
        self.last: dict[K, V] = {}
        self._subscribers: set[Newest[K, V]] = set()

    def publish(self, key: K, value: V) -> None:
        """Makes `value` the last one of `key`."""
        self.last[key] = value
        for subscriber in self._subscribers:
            subscriber.put(key, value)

    @contextmanager
    def subscribe(self) -> Iterator[Newest[K, V]]:
        """A mailbox that starts with the last value of every key."""
        newest: Newest[K, V] = Newest()
        for key, value in self.last.items():
            newest.put(key, value)
        self._subscribers.add(newest)
        try:
            yield newest
        finally:
            self._subscribers.discard(newest)
