"""Channels to other services: deadlines that nest, errors as `EngineError`, the correlation id handed on."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from opentelemetry.instrumentation.grpc import aio_client_interceptors

from services.kit import telemetry
from services.kit.deadline import remaining_s
from services.kit.interceptors import CORRELATION_HEADER
from services.kit.server import MESSAGE_BYTES_MAX
from services.kit.status import error_of_call

DEADLINE_S = 0.5

CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_retries", 0),
]


@asynccontextmanager
async def channel(address: str, *, deadline_s: float = DEADLINE_S) -> AsyncIterator[grpc.aio.Channel]:
    """A channel whose unary calls get a deadline, never beyond that of the call being answered.

    Calls raise `EngineError`. Streams get no deadline and raise `grpc.aio.AioRpcError`.
    """
    interceptors: list[Any] = [TracedCalls(), UnaryCalls(deadline_s)]
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS, interceptors=interceptors) as made:
        yield made


class TracedCalls(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Traces unary calls while spans go anywhere: channels are made before that is configured.

    Streams are not traced: a span that lives for days says nothing, and wrapping a stream costs.
    """

    def __init__(self) -> None:
        unary = grpc.aio.UnaryUnaryClientInterceptor
        (self._traced,) = [made for made in aio_client_interceptors() if isinstance(made, unary)]

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        if not telemetry.tracing():
            return await continuation(details, request)
        return await self._traced.intercept_unary_unary(continuation, details, request)


class UnaryCalls(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Gives each unary call its deadline and correlation id, and turns its failure into an `EngineError`."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        call = await continuation(self._completed(details), request)
        try:
            return await call
        except grpc.aio.AioRpcError as failure:
            raise error_of_call(failure) from None

    def _completed(self, details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
        metadata = grpc.aio.Metadata(*(details.metadata or ()))
        if correlation := telemetry.correlation_id.get():
            metadata.add(CORRELATION_HEADER, correlation)
        timeout = details.timeout if details.timeout is not None else self._deadline_s
        return grpc.aio.ClientCallDetails(
            method=details.method,
            timeout=remaining_s(timeout),
            metadata=metadata,
            credentials=details.credentials,
            wait_for_ready=details.wait_for_ready,
        )
