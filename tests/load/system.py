"""The system under load: where it listens, what its processes use."""

import json
import os
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from local import state
from local.paths import Paths
from local.ports import HOST, PROVIDERS, Ports
from local.postgres import SUPERUSER, Cluster

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PROVIDER_RATE = 200.0
_PARENT, _USER_TICKS = 1, 11  # fields of /proc/<pid>/stat after the name


class NotRunningError(Exception):
    """There is no system to load; the text says what to do."""


@dataclass(frozen=True)
class System:
    """A running local system."""

    data_dir: Path
    ports: Ports
    supervisor: int
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def gateway(self) -> str:
        """REST and gRPC-Web; gRPC too, without the scheme."""
        return f"http://{HOST}:{self.ports.gateway}"

    @property
    def grpc_target(self) -> str:
        """gRPC through the gateway."""
        return f"{HOST}:{self.ports.gateway}"

    def postgres_url(self, database: str) -> str:
        """PostgreSQL, as its superuser."""
        paths = Paths(self.data_dir)
        password = json.loads(paths.credentials.read_text())[SUPERUSER]
        return Cluster(Path(), paths.postgres, paths.sockets).url(SUPERUSER, password, database)

    def quotes_per_s(self) -> float:
        """How many quotes the simulated providers make, as they were told to: they make up for short pauses."""
        return sum(_provider_rate(pid) for name, pid in self.pids.items() if name in PROVIDERS)

    def fix_messages(self) -> float:
        """How many messages the FIX gateway has received so far."""
        page = urllib.request.urlopen(f"http://{HOST}:{self.ports.metrics('fix_gateway')}/metrics", timeout=5).read()
        lines = [text for text in page.decode().splitlines() if text.startswith("fix_messages_received_total{")]
        return sum(float(text.rpartition(" ")[2]) for text in lines)

    def cpu_seconds(self) -> dict[str, float]:
        """The CPU time of each component, its own children included."""
        owners = {pid: name for name, pid in self.pids.items()} | {self.supervisor: "supervisor"}
        parents, used = _processes()
        totals = dict.fromkeys(owners.values(), 0.0)
        for pid, seconds in used.items():
            ancestor = pid
            while ancestor not in owners and ancestor in parents:
                ancestor = parents[ancestor]
            if ancestor in owners:
                totals[owners[ancestor]] += seconds
        return totals


def running(data_dir: Path) -> System:
    """The system that runs on that data directory."""
    found = state.running(Paths(data_dir))
    if found is None or found.phase is not state.Phase.READY:
        raise NotRunningError(f"no system is ready on {data_dir}: start one with `make up`")
    pids = {component.name: component.pid for component in found.components}
    return System(data_dir, Ports(found.port_base), found.pid, pids)


def _provider_rate(pid: int) -> float:
    arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return float(arguments[arguments.index("--rate") + 1]) if "--rate" in arguments else _PROVIDER_RATE


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """The parent and the CPU seconds of every process."""
    parents, used = {}, {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            line = Path(entry.path, "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = line.rpartition(")")[2].split()
        pid = int(entry.name)
        parents[pid] = int(fields[_PARENT])
        used[pid] = (int(fields[_USER_TICKS]) + int(fields[_USER_TICKS + 1])) / _TICKS_PER_S
    return parents, used
