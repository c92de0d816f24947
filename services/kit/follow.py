"""Following a server stream for ever: reconnecting, and noticing when it falls silent."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

from services.kit import telemetry

RETRY_S = (0.05, 0.1, 0.25, 0.5, 1.0)

_log = telemetry.logger(__name__)


async def follow(
    open_stream: Callable[[], grpc.aio.UnaryStreamCall],
    on_message: Callable[[Any], None],
    *,
    name: str,
    silence_s: float = 1.0,
    on_lost: Callable[[], None] | None = None,
) -> None:
    """Hands every message of the stream to `on_message`, for ever.

    A stream that ends, fails, or says nothing for `silence_s` (heartbeats count) is lost: `on_lost` is called and the
    stream opened again, after a pause that grows while nothing comes. What `on_message` raises is not caught.
    """
    failures = 0
    while True:
        heard = await _follow_once(open_stream, on_message, name, silence_s)
        if heard and on_lost is not None:
            on_lost()
        failures = 0 if heard else failures + 1
        await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])


async def _follow_once(
    open_stream: Callable[[], grpc.aio.UnaryStreamCall], on_message: Callable[[Any], None], name: str, silence_s: float
) -> bool:
    call = open_stream()
    heard = False
    try:
        while True:
            async with asyncio.timeout(silence_s):
                message = await call.read()
            if message is grpc.aio.EOF:  # type: ignore[attr-defined]
                _log.warning("stream ended", stream=name)
                return heard
            heard = True
            on_message(message)
    except TimeoutError:
        _log.warning("stream silent", stream=name)
    except grpc.aio.AioRpcError as error:
        _log.warning("stream failed", stream=name, code=error.code().name, details=error.details())
    finally:
        call.cancel()
    return heard
