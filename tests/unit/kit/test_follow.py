"""Following a stream for ever."""

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from services.kit import follow as module
from services.kit.follow import follow

ERROR = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), details="gone")
FOREVER = object()


class Call:
    """A stream that gives what it is told: messages, errors, its end, or silence."""

    def __init__(self, script):
        self._script = iter(script)
        self.cancelled = False

    async def read(self):
        step = next(self._script, FOREVER)
        if step is FOREVER:
            await asyncio.Event().wait()
        if isinstance(step, Exception):
            raise step
        return step

    def cancel(self):
        self.cancelled = True


class Follower:
    """Follows calls made by scripts, and writes down what happens."""

    def __init__(self, *scripts, on_message=None):
        self._scripts = list(scripts)
        self._on_message = on_message
        self.calls = []
        self.heard = []

    def open(self):
        self.calls.append(Call(self._scripts.pop(0) if self._scripts else []))
        return self.calls[-1]

    def take(self, message):
        self.heard.append(message)
        if self._on_message:
            self._on_message(message)

    @asynccontextmanager
    async def running(self, silence_s=10):
        task = asyncio.create_task(
            follow(self.open, self.take, name="test", silence_s=silence_s, on_lost=lambda: self.heard.append("LOST"))
        )
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, heard):
        async with asyncio.timeout(5):
            while self.heard != heard:
                assert self.heard == heard[: len(self.heard)]
                await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(module, "RETRY_S", (0,))


@pytest.mark.parametrize("end", [grpc.aio.EOF, ERROR], ids=["ended", "failed"])
async def test_a_stream_that_ends_or_fails_is_lost_once_and_opened_again(end):
    follower = Follower(["a", "b", end], ["c"])
    async with follower.running():
        await follower.until(["a", "b", "LOST", "c"])
    assert follower.calls[0].cancelled


async def test_a_silent_stream_is_lost():
    follower = Follower(["a"], ["b"])
    async with follower.running(silence_s=0.01):
        await follower.until(["a", "LOST", "b", "LOST"])
    assert follower.calls[0].cancelled


async def test_a_stream_that_never_said_anything_is_not_lost_again_and_again():
    follower = Follower([ERROR], [grpc.aio.EOF], [ERROR], ["a"])
    async with follower.running():
        await follower.until(["a"])
    assert len(follower.calls) == 4


async def test_a_mistake_in_the_receiver_ends_the_following():
    def fail(message):
        raise KeyError(message)

    follower = Follower(["a"], on_message=fail)
    async with follower.running() as task:
        with pytest.raises(KeyError):
            await asyncio.wait_for(asyncio.shield(task), 5)
    assert follower.calls[0].cancelled
