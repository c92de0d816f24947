"""Keeps the components running: in order, restarted with back-off, stopped in reverse order."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.component import Component, stop_order
from local.logfile import open_log, tail
from local.state import ComponentState, Condition
from services.kernel.clock import monotonic, utc_now

READY_S = 45.0
POLL_S = 0.05
# A component that ends so often before it was ever ready will not become so by itself.
FIRST_ATTEMPTS_MAX = 3
BACK_OFF_S, BACK_OFF_MAX_S = 0.2, 10.0
# After so long in service an end is an accident, not part of a series.
STEADY_S = 30.0
# What a service ends with when it cannot use its configuration.
CONFIG_EXIT_CODE = 2


class StartError(Exception):
    """A component does not come up; carries what a person needs to see why."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason
        self.log = log
        self.last_lines = tail(log, 15)


class Unit:
    """One component and its process."""

    def __init__(self, component: Component, log: Path) -> None:
        self.component = component
        self.log = log
        self.state = ComponentState(component.name, component.address, str(log))
        self.ready = asyncio.Event()
        self.spawning: asyncio.Task[asyncio.subprocess.Process] | None = None
        self.keeper: asyncio.Task[None] | None = None


@dataclass(frozen=True)
class End:
    """How a process ended; `final` where trying again would only repeat it."""

    reason: str
    final: bool = False


def _end_of(code: int) -> End:
    if code < 0:
        return End(f"was killed by signal {-code}")
    return End(f"ended with exit code {code}", final=code == CONFIG_EXIT_CODE)


class Supervisor:
    """Starts, keeps and stops a set of components. `report` hears of every change of one."""

    def __init__(
        self, components: Sequence[Component], log_of: Callable[[str], Path], report: Callable[[ComponentState], None]
    ) -> None:
        self._units = {component.name: Unit(component, log_of(component.name)) for component in components}
        self._report = report
        self._guard = ["setpriv", "--pdeathsig"] if shutil.which("setpriv") else []

    @property
    def states(self) -> list[ComponentState]:
        """How each component stands."""
        return [unit.state for unit in self._units.values()]

    async def start(self) -> None:
        """Start everything, each as soon as what it needs is ready; raises `StartError` for the first that fails."""
        for unit in self._units.values():
            unit.keeper = asyncio.create_task(self._keep(unit), name=unit.component.name)
        waits = {asyncio.create_task(unit.ready.wait()) for unit in self._units.values()}
        keepers = {unit.keeper for unit in self._units.values() if unit.keeper}
        try:
            while waits:
                done, _ = await asyncio.wait(waits | keepers, return_when=asyncio.FIRST_COMPLETED)
                for task in done & keepers:
                    task.result()  # a keeper only ever ends with an error
                waits -= done
        finally:
            for wait in waits:
                wait.cancel()

    async def watch(self) -> None:
        """Keep everything running for ever; a keeper never gives up on what was ready once."""
        await asyncio.gather(*(unit.keeper for unit in self._units.values() if unit.keeper))

    async def stop(self) -> None:
        """Stop everything, each after those that call it."""
        for wave in stop_order([unit.component for unit in self._units.values()]):
            await asyncio.gather(*(self._stop(self._units[name]) for name in wave))

    async def _keep(self, unit: Unit) -> None:
        for name in unit.component.needs:
            await self._units[name].ready.wait()
        ends, back_off = 0, BACK_OFF_S
        while True:
            started = monotonic()
            end = await self._run(unit)
            ends += 1
            if not unit.ready.is_set() and (end.final or ends >= FIRST_ATTEMPTS_MAX):
                raise StartError(unit.component.name, end.reason, unit.log)
            if monotonic() - started > STEADY_S:
                back_off = BACK_OFF_S
            unit.state.restarts += 1
            self._change(unit, Condition.RESTARTING)
            await asyncio.sleep(back_off)
            back_off = min(back_off * 2, BACK_OFF_MAX_S)

    async def _run(self, unit: Unit) -> End:
        """Run the process once, from its start to its end; returns how it ended."""
        try:
            await unit.component.before()
            unit.spawning = asyncio.create_task(self._spawn(unit))
            # Shielded: a process that is just being made must not be forgotten when we are told to stop.
            process = await asyncio.shield(unit.spawning)
        except Exception as error:
            return End(f"could not be started: {error}", final=True)
        unit.state.pid, unit.state.since = process.pid, utc_now().isoformat(timespec="seconds")
        self._change(unit, Condition.STARTING)
        ended = asyncio.create_task(process.wait())
        getting_ready = asyncio.create_task(self._get_ready(unit))
        try:
            await asyncio.wait({ended, getting_ready}, return_when=asyncio.FIRST_COMPLETED)
            failure = getting_ready.exception() if getting_ready.done() else None
            if failure and not ended.done():
                await self._end(unit)
                return End(str(failure), final=True)
            return _end_of(await ended)
        finally:
            getting_ready.cancel()
            ended.cancel()

    async def _spawn(self, unit: Unit) -> asyncio.subprocess.Process:
        component = unit.component
        # An orphan's signal comes from the kernel when this process dies, however it dies.
        guard = [*self._guard, component.orphan_signal.name[3:]] if self._guard else []
        with open_log(unit.log) as out:
            return await asyncio.create_subprocess_exec(
                *guard,
                *component.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                env=dict(component.environment) or None,
                start_new_session=True,  # Ctrl-C in the terminal is for us alone
                **component.identity,
            )

    async def _get_ready(self, unit: Unit) -> None:
        started = monotonic()
        while True:
            try:
                await unit.component.ready()
                break
            except Exception as error:
                if monotonic() - started > READY_S:
                    cause = str(error) or type(error).__name__
                    raise TimeoutError(f"was not ready in {READY_S:.0f} s ({cause})") from None
                await asyncio.sleep(POLL_S)
        if not unit.ready.is_set():
            await unit.component.after()
            unit.ready.set()
        unit.state.start_s = round(monotonic() - started, 1)
        self._change(unit, Condition.READY)

    async def _stop(self, unit: Unit) -> None:
        if unit.keeper:
            unit.keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await unit.keeper
        await self._end(unit)
        unit.state.pid = 0
        self._change(unit, Condition.STOPPED)

    async def _end(self, unit: Unit) -> None:
        """Ask the process to stop, and make it stop when it does not in time."""
        if unit.spawning is None:
            return
        try:
            process = await unit.spawning
        except OSError:
            return  # it never started
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(unit.component.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), unit.component.stop_timeout_s)
            except TimeoutError:
                process.kill()
                await process.wait()

    def _change(self, unit: Unit, condition: Condition) -> None:
        unit.state.condition = condition
        self._report(unit.state)
