"""What a running system says about itself, for `tradeloom status` and a second `tradeloom up`."""

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.paths import Paths, write_private


class Phase(StrEnum):
    """Where the whole system is in its life."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class Condition(StrEnum):
    """Where one component is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass
class ComponentState:
    """One component as it stands."""

    name: str
    address: str
    log: str
    condition: Condition = Condition.WAITING
    pid: int = 0
    # When the process started, in UTC.
    since: str = ""
    # Seconds from the start of the process until it was ready.
    start_s: float = 0.0
    restarts: int = 0


@dataclass
class SystemState:
    """The system as it stands."""

    pid: int
    since: str
    port_base: int
    data_dir: str
    phase: Phase = Phase.STARTING
    error: str = ""
    components: list[ComponentState] = field(default_factory=list)

    def write(self, paths: Paths) -> None:
        """Replace the state file."""
        write_private(paths.state, json.dumps(dataclasses.asdict(self), indent=1))


def read(paths: Paths) -> SystemState | None:
    """Return what the last supervisor of this data directory wrote."""
    try:
        raw: dict[str, Any] = json.loads(paths.state.read_text())
        components = [_component(entry) for entry in raw.pop("components")]
        return SystemState(**{**raw, "phase": Phase(raw["phase"])}, components=components)
    except (FileNotFoundError, PermissionError):
        return None
    except (ValueError, KeyError, TypeError):  # written by another version
        return None


def _component(raw: dict[str, Any]) -> ComponentState:
    return ComponentState(**{**raw, "condition": Condition(raw["condition"])})


@contextmanager
def supervising(file: Path) -> Iterator[bool]:
    """Hold the lock that only one supervisor can hold; gives False when another has it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def is_supervised(paths: Paths) -> bool:
    """Say whether a supervisor lives; unlike a pid, a lock cannot be somebody else's."""
    if not paths.lock.exists():
        return False
    try:
        with supervising(paths.lock) as free:
            return not free
    except PermissionError:
        return False


def running(paths: Paths) -> SystemState | None:
    """Return the state of the system that runs on this data directory, if one does."""
    return read(paths) if is_supervised(paths) else None
