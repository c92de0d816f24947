"""The supervisor's process: brings the system up, tells its parent how it goes, keeps it running until told to stop."""

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path

from local.components import system
from local.flow import wait_for_quotes
from local.paths import Paths
from local.ports import Ports
from local.seed import seed
from local.state import ComponentState, Phase, SystemState, supervising
from local.supervisor import StartError, Supervisor
from services.kernel.clock import monotonic, utc_now

EXIT_OK, EXIT_FAILED, EXIT_BUSY = 0, 1, 3


class Daemon:
    """One running system, its state file and its parent."""

    def __init__(self, paths: Paths, ports: Ports) -> None:
        self._paths = paths
        self._ports = ports
        self._started = monotonic()
        since = utc_now().isoformat(timespec="seconds")
        self._state = SystemState(os.getpid(), since, ports.base, str(paths.data_dir))
        self._supervisor: Supervisor | None = None

    async def run(self) -> int:
        """Bring the system up and keep it until SIGTERM or SIGINT; returns the exit code."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        working = asyncio.create_task(self._work())
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        failure = working.exception() if working.done() and not working.cancelled() else None
        if failure:
            self._fail(failure)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await working
        await self._stop(Phase.FAILED if failure else Phase.STOPPED)
        return EXIT_FAILED if failure else EXIT_OK

    async def _work(self) -> None:
        self._write()
        described = await asyncio.to_thread(system, self._paths, self._ports)
        self._supervisor = Supervisor(described.components(), self._paths.log, self._report)
        await self._supervisor.start()
        await self._step("demo data", seed(self._ports))
        await self._step("live quotes", wait_for_quotes(self._ports))
        self._state.phase = Phase.READY
        self._write()
        tell({"event": "up", "seconds": round(monotonic() - self._started, 1)})
        await self._supervisor.watch()

    async def _step(self, name: str, action: Awaitable[None]) -> None:
        started = monotonic()
        await action
        tell({"event": "step", "name": name, "seconds": round(monotonic() - started, 1)})

    def _report(self, component: ComponentState) -> None:
        self._write()
        tell({"event": "component", **dataclasses.asdict(component)})
        print(f"{component.name} {component.condition} pid={component.pid}", file=sys.stderr, flush=True)

    def _write(self) -> None:
        if self._supervisor:
            self._state.components = self._supervisor.states
        self._state.write(self._paths)

    def _fail(self, failure: BaseException) -> None:
        self._state.error = str(failure) or type(failure).__name__
        detail: dict[str, object] = {"event": "failed", "error": self._state.error, "log": "", "last_lines": []}
        if isinstance(failure, StartError):
            detail |= {"log": str(failure.log), "last_lines": failure.last_lines}
        print(f"failed: {failure!r}", file=sys.stderr, flush=True)
        tell(detail)

    async def _stop(self, last: Phase) -> None:
        self._state.phase = Phase.STOPPING
        self._write()
        if self._supervisor:
            await self._supervisor.stop()
        self._state.phase = last
        self._write()
        tell({"event": "stopped"})


def tell(event: dict[str, object]) -> None:
    """Tell the parent, who may be gone by now."""
    with contextlib.suppress(OSError, ValueError):
        print(json.dumps(event), flush=True)


def main(arguments: list[str]) -> int:
    """Run the supervisor: python -m local DATA_DIR PORT_BASE."""
    paths, ports = Paths(Path(arguments[0])), Ports(int(arguments[1]))
    with supervising(paths.lock) as alone:
        if not alone:
            tell({"event": "failed", "error": "a supervisor runs on this data directory already", "log": ""})
            return EXIT_BUSY
        return asyncio.run(Daemon(paths, ports).run())
