"""Ending tasks for certain.

A cancellation that arrives as a timed wait of a library completes can be swallowed there (`asyncio.wait_for` of Python
3.11): the task works on as if nothing had been said. So who works in a loop looks whether it was cancelled, and who
cancels does it again.
"""

import asyncio
from collections.abc import Iterable
from typing import Any


def stop_if_cancelled() -> None:
    """Raises the cancellation of the current task that was swallowed, if one was."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end(tasks: Iterable[asyncio.Task[Any]], again_s: float = 0.1) -> None:
    """Cancels the tasks, every `again_s` until all have ended; what they raise is dropped.

    A task that cleans up needs `again_s` to be longer than that takes: the next cancellation would break it off.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=again_s)
        for task in done:
            if not task.cancelled():
                task.exception()  # Looked at, so that it is not reported as never retrieved.
