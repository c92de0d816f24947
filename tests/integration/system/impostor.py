"""A provider of ours in the place of a simulated one, which can send garbage."""

import asyncio
import threading
from concurrent.futures import Future
from typing import Any, Self

from local.ports import HOST
from simulators.lp import main as simulator
from simulators.lp.script import Script
from simulators.lp.server import Provider
from tests.integration.system.running import RunningSystem

BIND_S = 10.0
SEED = 99
QUOTES_PER_S = 200.0


class Impostor:
    """Takes the port of a provider that was just killed, and goes on with its sessions' sequence numbers.

    The supervisor starts the real one again and again, which ends at once for the port is taken; until this one leaves.
    """

    def __init__(self, system: RunningSystem, name: str) -> None:
        self._system = system
        self._name = name
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=f"impostor of {name}")
        self._loop: asyncio.AbstractEventLoop
        self._leaving: asyncio.Event
        self._provider: Provider
        self._spoil: bytes | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(BIND_S + 5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join()

    def send_garbage(self, price: bytes) -> None:
        """From now on every price in every message is this."""
        self._spoil = price

    def send_noise(self) -> None:
        """Bytes that are no FIX at all, in the middle of a session."""
        noise = b"\x00\xff\x01garbage\x01" + b"8=FIX.4.4\x019=10\x01too short" + b"\x01" * 500
        self._loop.call_soon_threadsafe(self._quote_session._link.write, noise)

    def mend(self) -> None:
        """Good prices again."""
        self._spoil = None

    @property
    def _quote_session(self) -> Any:
        return self._provider.sessions[0]

    async def _run(self) -> None:
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self._open()
        except BaseException as error:
            self._ready.set_exception(error)
            raise
        self._ready.set_result(None)
        await self._leaving.wait()
        await self._provider.stop()
        for session in self._provider.sessions:
            session.store.close()  # type: ignore[attr-defined]

    async def _open(self) -> None:
        store = self._system.paths.fix / f"provider-{self._name}"
        self._provider = simulator.build(self._name, SEED, QUOTES_PER_S, [], Script(), store)
        send_body = self._quote_session.send_body

        def send(kind: bytes, body: bytes) -> None:
            send_body(kind, body if self._spoil is None else spoiled(body, self._spoil))

        self._quote_session.send_body = send
        async with asyncio.timeout(BIND_S):
            while True:
                try:
                    return await self._provider.start(HOST, self._system.ports.provider(self._name), simulator.now_us)
                except OSError:  # The killed one's port is not free yet, or its successor was faster.
                    await asyncio.sleep(0.005)


def spoiled(body: bytes, price: bytes) -> bytes:
    """The message's body with another price in every entry."""
    fields = body.split(b"\x01")
    return b"\x01".join(b"270=" + price if field.startswith(b"270=") else field for field in fields)
