"""Starting and stopping the supervisor from a command. It is a process of its own, to outlive the command."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

from local.logfile import open_log
from local.paths import Paths
from local.ports import Ports
from local.state import Phase, SystemState, is_supervised, read
from services.kernel.clock import monotonic

STOP_S = 60.0
POLL_S = 0.05


class StopError(Exception):
    """The system could not be stopped; the text says what is left."""


class Launch:
    """A supervisor that was just started, and what it tells."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def events(self) -> Iterator[dict[str, Any]]:
        """Give what the supervisor tells until it says nothing more."""
        for line in self._process.stdout or ():
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def stop(self) -> None:
        """Tell it to stop everything; `events` goes on until it has."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        """Wait for its end."""
        return self._process.wait()


def launch(paths: Paths, ports: Ports, *, bound: bool) -> Launch:
    """Start the supervisor; a bound one stops everything when this process ends, however it ends."""
    guard = ["setpriv", "--pdeathsig", "TERM"] if bound and shutil.which("setpriv") else []
    command = [*guard, sys.executable, "-m", "local", str(paths.data_dir), str(ports.base)]
    with open_log(paths.log("supervisor")) as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal reaches it through us, in order
        )
    return Launch(process)


def stop(paths: Paths) -> Iterator[SystemState]:
    """Stop what runs on a data directory; gives its state again and again while it stops."""
    state = read(paths)
    if is_supervised(paths) and state:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGTERM)
        deadline = monotonic() + STOP_S
        while is_supervised(paths):
            if monotonic() > deadline:
                _kill(state.pid)
            if monotonic() > deadline + 5:
                raise StopError(f"the supervisor (pid {state.pid}) does not end; see {paths.log('supervisor')}")
            sleep(POLL_S)
            yield read(paths) or state
        while _is_ours(state.pid, "supervisor") and monotonic() < deadline:  # its lock is gone a moment before it
            sleep(POLL_S)
    _sweep(paths)


def _sweep(paths: Paths) -> None:
    """End what a supervisor that was killed may have left, where the kernel did not do it."""
    state = read(paths)
    if state is None:
        return
    left = [part for part in state.components if _is_ours(part.pid, part.name)]
    for part in left:
        _kill(part.pid)
    if left or state.phase not in (Phase.STOPPED, Phase.FAILED):
        state.phase = Phase.STOPPED
        for part in state.components:
            part.pid = 0
        state.write(paths)


# How the command line of each component that is no service can be told.
PROGRAMS = {"supervisor": b"local", "postgres": b"postgres", "redis": b"redis-server", "gateway": b"envoy"}


def _is_ours(pid: int, name: str) -> bool:
    if pid <= 0:
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return PROGRAMS.get(name, name.encode()) in command


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
