"""A system of our own for a run, on fresh data, when none is running; it is stopped at the end."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from local.ports import Ports
from tests.load.system import NotRunningError, System, running

_PORT_BASES = range(12_400, 14_400, 100)
_COMMAND_S = 180.0


@asynccontextmanager
async def own_system(provider_rate: float | None = None) -> AsyncIterator[System]:
    """Gives a system that quotes at that rate per provider, at the usual one by default."""
    data_dir = _fresh_folder()
    options = ["--data-dir", str(data_dir)]
    rate = ["--provider-rate", f"{provider_rate:g}"] if provider_rate else []
    try:
        await _tradeloom("up", *options, "--port-base", str(_free_base()), *rate)
        yield running(data_dir)
    finally:
        await _tradeloom("down", *options)
        shutil.rmtree(data_dir, ignore_errors=True)


def _fresh_folder() -> Path:
    # Under root the embedded servers run as another account, which has to pass through.
    folder = Path(tempfile.mkdtemp(prefix="tl-load-", dir="/var/tmp"))
    folder.chmod(0o711)
    return folder


def _free_base() -> int:
    for base in _PORT_BASES:
        if not Ports(base).taken():
            return base
    raise NotRunningError("no range of ports is free for a system of our own")


async def _tradeloom(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli.main",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=Path(__file__).parents[2],
    )
    output, _ = await asyncio.wait_for(process.communicate(), _COMMAND_S)
    if process.returncode:
        raise NotRunningError(f"tradeloom {arguments[0]} failed:\n{output.decode(errors='replace')[-2000:]}")
