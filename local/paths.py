"""The data directory: where it is by default, what lies where in it, and when it may be emptied."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.privileges import give

ROOT = Path(__file__).resolve().parent.parent
MARKER = ".tradeloom"
# A unix socket's path has 107 bytes; the longest of ours below the data directory is `run/.s.PGSQL.5432.lock`.
LENGTH_MAX = 107 - len("/run/.s.PGSQL.5432.lock")


class DataDirError(RuntimeError):
    """The data directory cannot be used; the text says why."""


def default_data_dir() -> Path:
    """Return a short path that belongs to this user and this clone."""
    clone = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return Path("/var/tmp") / f"tradeloom-{os.getuid()}" / clone  # noqa: S108 - checked for its owner before use


@dataclass(frozen=True)
class Paths:
    """What lies where in a data directory."""

    data_dir: Path

    @property
    def state(self) -> Path:
        """What the supervisor last wrote about its components."""
        return self.data_dir / "state.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives."""
        return self.data_dir / "supervisor.lock"

    @property
    def credentials(self) -> Path:
        """The passwords of the database roles."""
        return self.data_dir / "secrets.json"

    @property
    def signing_key(self) -> Path:
        """The private key that signs access tokens."""
        return self.data_dir / "keys" / "signing.pem"

    @property
    def sockets(self) -> Path:
        """Unix sockets of PostgreSQL and Redis."""
        return self.data_dir / "run"

    @property
    def postgres(self) -> Path:
        """The PostgreSQL data directory."""
        return self.data_dir / "postgres"

    @property
    def redis(self) -> Path:
        """The Redis data directory."""
        return self.data_dir / "redis"

    @property
    def envoy(self) -> Path:
        """What the gateway reads: its configuration, the public keys, the contracts' descriptors."""
        return self.data_dir / "envoy"

    @property
    def fix(self) -> Path:
        """Sequence numbers of the FIX sessions, and the list of providers."""
        return self.data_dir / "fix"

    @property
    def programs(self) -> Path:
        """Copies of server programs, where the environment is closed to the account that runs them."""
        return self.data_dir / "bin"

    def log(self, name: str) -> Path:
        """The log file of one component."""
        return self.data_dir / "logs" / f"{name}.log"

    def exists(self) -> bool:
        """Say whether this directory is one of ours."""
        return (self.data_dir / MARKER).exists()

    def create(self) -> None:
        """Make the directory, or say why this one cannot be used."""
        if len(str(self.data_dir).encode()) > LENGTH_MAX:
            raise DataDirError(f"the path {self.data_dir} is too long for unix sockets; at most {LENGTH_MAX} bytes")
        self._check_owner()
        if not self.exists() and self.data_dir.is_dir() and any(self.data_dir.iterdir()):
            raise DataDirError(f"{self.data_dir} is not empty and not ours; choose another --data-dir")
        for folder in (self.data_dir.parent, self.data_dir):
            created = not folder.exists()
            folder.mkdir(parents=True, exist_ok=True)
            if created or folder == self.data_dir:
                folder.chmod(_mode())
        (self.data_dir / MARKER).touch()
        for private in (self.signing_key.parent, self.log("x").parent, self.fix):
            private.mkdir(exist_ok=True, mode=0o700)
        for shared in (self.sockets, self.envoy):
            shared.mkdir(exist_ok=True, mode=0o700)
            give(shared)

    def _check_owner(self) -> None:
        for folder in (self.data_dir, self.data_dir.parent):
            ours = folder == self.data_dir or folder == default_data_dir().parent
            if ours and folder.exists() and folder.stat().st_uid != os.geteuid():
                raise DataDirError(f"{folder} belongs to another user; choose another --data-dir")

    def check_reachable(self) -> None:
        """Under root the embedded servers run as another account, which has to get here."""
        if os.geteuid() != 0:
            return
        closed = [folder for folder in self.data_dir.parents if folder.exists() and not folder.stat().st_mode & 0o001]
        if closed:
            raise DataDirError(
                f"PostgreSQL cannot run as root, and others cannot enter {closed[0]}; choose another --data-dir"
            )

    def wipe(self) -> None:
        """Empty the directory, only if it is one of ours."""
        if not self.data_dir.exists():
            return
        if not self.exists():
            if any(self.data_dir.iterdir()):
                raise DataDirError(f"{self.data_dir} was not made by Tradeloom; nothing was removed")
            return
        for entry in sorted(self.data_dir.iterdir(), key=lambda path: path.name == MARKER):  # the marker last
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _mode() -> int:
    # Under root the embedded servers run as another account, which has to pass through.
    return 0o711 if os.geteuid() == 0 else 0o700


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
