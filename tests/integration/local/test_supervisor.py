"""The supervisor over processes of a few lines each."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local.component import Component
from local.readiness import tcp
from local.state import ComponentState, Condition
from local.supervisor import StartError, Supervisor

LISTEN = """
import socket, sys, signal
signal.signal(signal.SIGTERM, lambda *_: (print("asked to stop", flush=True), sys.exit(0)))
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True: s.accept()[0].close()
"""
STUBBORN = LISTEN.replace(", sys.exit(0))", ")")


def listening(name: str, port: int, *, script: str = LISTEN, **rest) -> Component:
    return Component(
        name=name,
        address=f"127.0.0.1:{port}",
        command=(sys.executable, "-c", script, str(port)),
        environment={"PATH": os.environ["PATH"]},
        ready=tcp("127.0.0.1", port),
        **rest,
    )


class World:
    """A supervisor, and every change that it reported."""

    def __init__(self, folder: Path, *components: Component) -> None:
        self.folder = folder
        self.changes: list[tuple[str, Condition, int]] = []
        self._changed = asyncio.Condition()
        self._notifying: set[asyncio.Task] = set()
        self.supervisor = Supervisor(components, self.log, self._take)

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _take(self, state: ComponentState) -> None:
        self.changes.append((state.name, state.condition, state.pid))
        task = asyncio.get_running_loop().create_task(self._notify())
        self._notifying.add(task)
        task.add_done_callback(self._notifying.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(condition)

    def pid(self, name: str) -> int:
        return next(state.pid for state in self.supervisor.states if state.name == name)

    def order_of(self, condition: Condition) -> list[str]:
        return [name for name, reached, _ in self.changes if reached is condition]


@asynccontextmanager
async def world(folder: Path, *components: Component) -> AsyncIterator[World]:
    made = World(folder, *components)
    try:
        yield made
    finally:
        await made.supervisor.stop()


@pytest.fixture
def ports(unused_tcp_port_factory) -> Callable[[], int]:
    return unused_tcp_port_factory


async def test_a_component_starts_after_what_it_needs_and_stops_before_it(tmp_path, ports):
    first = listening("first", ports())
    second = listening("second", ports(), needs=("first",))
    async with world(tmp_path, second, first) as w:
        await w.supervisor.start()
        assert w.order_of(Condition.READY) == ["first", "second"]
        await w.supervisor.stop()
        assert w.order_of(Condition.STOPPED) == ["second", "first"]
    assert "asked to stop" in w.log("first").read_text()


async def test_a_killed_component_is_started_again(tmp_path, ports):
    async with world(tmp_path, listening("one", ports())) as w:
        await w.supervisor.start()
        killed = w.pid("one")
        os.kill(killed, signal.SIGKILL)
        await w.until(lambda: w.order_of(Condition.READY) == ["one", "one"])
        assert w.pid("one") != killed
        assert w.supervisor.states[0].restarts == 1


async def test_a_component_that_keeps_ending_fails_the_start_with_its_last_words(tmp_path):
    broken = Component(
        name="broken",
        address="",
        command=(sys.executable, "-c", "print('no such table'); raise SystemExit(7)"),
        ready=tcp("127.0.0.1", 1),
    )
    async with world(tmp_path, broken) as w:
        with pytest.raises(StartError, match="broken ended with exit code 7") as caught:
            await w.supervisor.start()
    assert caught.value.last_lines == ["no such table"] * 3


async def test_a_component_that_refuses_its_configuration_is_not_tried_again(tmp_path):
    refusing = Component(
        name="refusing",
        address="",
        command=(sys.executable, "-c", "print('variable X is missing'); raise SystemExit(2)"),
        ready=tcp("127.0.0.1", 1),
    )
    async with world(tmp_path, refusing) as w:
        with pytest.raises(StartError) as caught:
            await w.supervisor.start()
    assert caught.value.last_lines == ["variable X is missing"]


async def test_a_program_that_does_not_exist_fails_the_start(tmp_path):
    missing = Component(name="missing", address="", command=("/no/such/program",), ready=tcp("127.0.0.1", 1))
    async with world(tmp_path, missing) as w:
        with pytest.raises(StartError, match="missing"):
            await w.supervisor.start()


async def test_a_component_that_ignores_the_signal_is_killed(tmp_path, ports):
    stubborn = listening("stubborn", ports(), script=STUBBORN, stop_timeout_s=0.3)
    async with world(tmp_path, stubborn) as w:
        await w.supervisor.start()
        pid = w.pid("stubborn")
        await w.supervisor.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert "asked to stop" in w.log("stubborn").read_text()


async def test_a_stop_during_the_start_leaves_no_process(tmp_path, ports):
    never = Component(
        name="never",
        address="",
        command=(sys.executable, "-c", "import time; time.sleep(600)"),
        ready=tcp("127.0.0.1", 1),
    )
    async with world(tmp_path, never, listening("one", ports())) as w:
        starting = asyncio.create_task(w.supervisor.start())
        await w.until(lambda: ("one" in w.order_of(Condition.READY)) and "never" in w.order_of(Condition.STARTING))
        pids = [w.pid("never"), w.pid("one")]
        starting.cancel()
        await w.supervisor.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_what_follows_a_start_runs_once_and_not_after_a_restart(tmp_path, ports):
    ran = []

    async def after() -> None:
        ran.append(1)

    async with world(tmp_path, listening("one", ports(), after=after)) as w:
        await w.supervisor.start()
        os.kill(w.pid("one"), signal.SIGKILL)
        await w.until(lambda: w.order_of(Condition.READY) == ["one", "one"])
    assert ran == [1]
