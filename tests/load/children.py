"""Processes that a run starts for itself, and ends."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_READY_S = 20.0
_STOP_S = 5.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Child:
    """A process of ours that said it is ready, and with what it said so."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, said: str) -> None:
        self.said = said
        self._name = name
        self._process = process

    def cpu_seconds(self) -> dict[str, float]:
        """What it used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return {self._name: (int(fields[11]) + int(fields[12])) / _TICKS_PER_S}


@asynccontextmanager
async def child(module: str, *arguments: str) -> AsyncIterator[Child]:
    """Runs `python -m module …` inside the block; its first line says where it listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), _READY_S)
        if not said:
            raise RuntimeError(f"{module} ended before it was ready")
        yield Child(module.rpartition(".")[2], process, said.decode().strip())
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
