"""The supervisor of a whole system: what is left when it is killed, and when it is told to stop."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.paths import Paths
from local.ports import Ports
from services.kernel.clock import monotonic

BASES = range(20_000, 31_000, 200)  # below the ports of outgoing connections
PATIENCE_S = 90.0


@dataclass(frozen=True)
class System:
    """One system, driven by the command."""

    data_dir: Path
    base: int

    def call(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cli.main", *arguments, "--data-dir", str(self.data_dir)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADELOOM_")}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)

    def up(self) -> "subprocess.CompletedProcess[str]":
        return self.call("up", "--port-base", str(self.base))

    def status(self) -> dict:
        return json.loads(self.call("status", "-o", "json").stdout or '{"components": []}')

    def processes(self) -> list[str]:
        """Every living process that was told of this data directory or of these ports."""
        marks = [str(self.data_dir).encode(), *(f":{port}\0".encode() for port in Ports(self.base).all())]
        return [line for line, secret in _all_processes() if any(mark in secret for mark in marks)]

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = monotonic() + PATIENCE_S
        while not condition():
            assert monotonic() < deadline, self.call("status").stdout


def _all_processes() -> Iterator[tuple[str, bytes]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
            yield line.replace(b"\0", b" ").decode(errors="replace"), line + (entry / "environ").read_bytes()
        except OSError:
            continue


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    base = next(base for base in BASES if not Ports(base).taken())
    with tempfile.TemporaryDirectory(prefix="tl-up-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        made = System(Path(folder) / "d", base)
        started = made.up()
        assert started.returncode == 0, started.stdout + started.stderr
        try:
            yield made
        finally:
            made.call("down")


def test_no_secret_is_readable_by_others(system):
    paths = Paths(system.data_dir)
    for file in (paths.credentials, paths.signing_key, paths.state, paths.log("oms")):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_finds_the_data(system):
    os.kill(system.status()["pid"], signal.SIGKILL)
    system.until(lambda: not system.processes())
    assert system.call("status").returncode == 4
    started = system.up()
    assert started.returncode == 0, started.stdout + started.stderr
    demo = system.call("demo")
    assert demo.returncode == 0, demo.stdout[-3000:]


def test_down_leaves_no_process_and_keeps_the_data(system):
    stopped = system.call("down")
    assert stopped.returncode == 0
    assert system.processes() == []
    assert (Paths(system.data_dir).postgres / "PG_VERSION").exists()
    assert system.call("down").stdout == "nothing runs here\n"
