"""What a killed PostgreSQL may leave behind, and how it is cleared away."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

LEAVE_S = 10.0


async def clear_stale_postmaster(data: Path) -> None:
    """Make sure that nothing works on this data directory and no pid file says so wrongly.

    PostgreSQL takes any living process that has the recorded pid for itself, and would refuse to start.
    The file may go only when no process of the old server is left: it also guards the shared memory.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    for pid in _working_in(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)  # immediate shutdown; the write-ahead log repairs the rest
    async with asyncio.timeout(LEAVE_S):
        while _working_in(data):  # noqa: ASYNC110 - nobody tells us when somebody else's child ends
            await asyncio.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def _working_in(folder: Path) -> list[int]:
    """Return the processes whose current directory this is: every process of a PostgreSQL server is in its data."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
    return found
