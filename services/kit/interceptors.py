"""What happens around every call that a server answers: correlation, metrics, errors, validation."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import protovalidate
from google.protobuf.message import DecodeError
from grpc_status import rpc_status
from opentelemetry.instrumentation.grpc import aio_server_interceptor, filters

from services.kernel.clock import monotonic
from services.kernel.errors import EngineError, Kind
from services.kernel.ids import new_id
from services.kit import telemetry
from services.kit.deadline import deadline_at
from services.kit.status import status_of

CORRELATION_HEADER = "x-request-id"

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]]

_log = telemetry.logger(__name__)
_validator = protovalidate.Validator()
# Stands for a message that could not be read: an error raised while reading is answered by gRPC itself, as a fault of
# ours and with Python's words in it.
_MALFORMED = object()


class Streams:
    """The open streams of a server, which never end by themselves: `end` ends them where they wait.

    A stream of requests ends as if the caller had sent its last one, so what is in flight is still answered; a stream
    of responses ends between two of them.
    """

    def __init__(self) -> None:
        self._ended = False
        self._waiting: set[asyncio.Task[Any]] = set()

    def end(self) -> None:
        """Ends every stream; those that are busy end as soon as they wait."""
        self._ended = True
        for task in self._waiting:
            task.cancel()

    async def until_ended(self, messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """The messages up to the end."""
        while not self._ended:
            task = asyncio.current_task()
            assert task is not None
            self._waiting.add(task)
            try:
                message = await anext(messages)
            except StopAsyncIteration:
                return
            except asyncio.CancelledError:
                if not self._ended:
                    raise
                task.uncancel()
                return
            finally:
                self._waiting.discard(task)
            _require_read(message)
            yield message


def standard_interceptors(streams: Streams | None = None) -> list[grpc.aio.ServerInterceptor]:
    """The interceptors of every server, outermost first."""
    around = AroundCall(streams or Streams())
    if not telemetry.tracing():  # A span that goes nowhere still costs a third of a small call.
        return [around]
    # Health's Watch is not an async generator, which the tracer takes every stream for; and probes are no news.
    traced = filters.negate(filters.service_prefix("grpc."))
    return [aio_server_interceptor(filter_=traced), around]


class AroundCall(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Wraps each call: takes the correlation id, validates the request, counts, and turns errors into statuses."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._wrapped: dict[str, tuple[grpc.RpcMethodHandler, grpc.RpcMethodHandler]] = {}

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler:
        method = details.method
        if method.startswith("/grpc."):
            return await continuation(details)
        # Here and not around the handler, which is wrapped once for all calls; both run in the task of the call.
        telemetry.correlation_id.set(_correlation(details))
        handler = await continuation(details)
        if handler is None:
            return None
        known = self._wrapped.get(method)
        if known is None or known[0] is not handler:  # An interceptor further in may put another in its place.
            known = self._wrapped[method] = handler, self._wrap(handler, method)
        return known[1]

    def _wrap(self, handler: grpc.RpcMethodHandler, method: str) -> grpc.RpcMethodHandler:
        behaviour, meters, check = _behaviour(handler), _Meters(method), not handler.request_streaming
        if handler.response_streaming:
            return _rebuild(handler, _streaming(behaviour, meters, check, self._streams))
        return _rebuild(handler, _unary(behaviour, meters, check))


def validate(message: Any) -> None:
    """Checks a message against the rules of its contract; `FIELD_INVALID` names every field that breaks one."""
    try:
        _validator.validate(message)
    except protovalidate.ValidationError as error:
        violations = tuple((_path(violation.proto.field), violation.proto.message) for violation in error.violations)
        field, description = violations[0]
        raise EngineError(
            Kind.INVALID, "FIELD_INVALID", f"{field}: {description}", violations=violations, field=field
        ) from None


def _lenient(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    if deserialize is None:
        return None

    def read(raw: bytes) -> Any:
        try:
            return deserialize(raw)
        except DecodeError:
            return _MALFORMED

    return read


def _require_read(message: Any) -> None:
    if message is _MALFORMED:
        raise EngineError(Kind.INVALID, "REQUEST_MALFORMED", "the message is not what its contract says")


async def _readable(messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for message in messages:
        _require_read(message)
        yield message


def _unary(behaviour: Any, meters: "_Meters", check: bool) -> Any:
    async def call(request: Any, context: grpc.aio.ServicerContext) -> Any:
        _note_deadline(context)
        observed = _Observed(meters)
        try:
            if check:
                _require_read(request)
                validate(request)
            response = await behaviour(request if check else _readable(request), context)
            observed.code = "OK"
            return response
        except Exception as error:
            await _abort(context, error, observed)
        finally:
            observed.done()

    return call


def _streaming(behaviour: Any, meters: "_Meters", check: bool, streams: Streams) -> Any:
    async def call(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        observed = _Observed(meters)
        try:
            if check:
                _require_read(request)
                validate(request)
                responses = streams.until_ended(behaviour(request, context))
            else:
                responses = behaviour(streams.until_ended(request), context)
            async for response in responses:
                yield response
            observed.code = "OK"
        except Exception as error:
            await _abort(context, error, observed)
        finally:
            observed.done()

    return call


async def _abort(context: grpc.aio.ServicerContext, error: Exception, observed: "_Observed") -> None:
    if isinstance(error, grpc.aio.AbortError):
        observed.code = "ABORTED_BY_HANDLER"
        raise error
    if isinstance(error, EngineError):
        status = rpc_status.to_status(status_of(error))
        observed.code = status.code.name
        await context.abort_with_status(status)  # type: ignore[attr-defined]
    observed.code = "INTERNAL"
    _log.error("call failed", method=observed.meters.method, exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, "internal error; quote the request id to support")


class _Meters:
    """The metrics of one method, found once: to find one costs more than to count with it."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.started = telemetry.RPC_STARTED.labels(method)
        self.seconds = telemetry.RPC_SECONDS.labels(method)
        self._handled: dict[str, Any] = {}

    def handled(self, code: str) -> Any:
        found = self._handled.get(code)
        if found is None:
            found = self._handled[code] = telemetry.RPC_HANDLED.labels(self.method, code)
        return found


class _Observed:
    """Counts and times one call."""

    def __init__(self, meters: _Meters) -> None:
        self.meters = meters
        self.code = "CANCELLED"
        self._began = time.perf_counter()
        meters.started.inc()

    def done(self) -> None:
        self.meters.handled(self.code).inc()
        self.meters.seconds.observe(time.perf_counter() - self._began)


def _note_deadline(context: grpc.aio.ServicerContext) -> None:
    left = context.time_remaining()
    deadline_at.set(None if left is None else monotonic() + left)


def _correlation(details: grpc.HandlerCallDetails) -> str:
    for key, value in details.invocation_metadata or ():
        if key == CORRELATION_HEADER:
            return str(value)[:128]
    return str(new_id())


def _behaviour(handler: grpc.RpcMethodHandler) -> Any:
    return handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream


def _rebuild(handler: grpc.RpcMethodHandler, behaviour: Any) -> grpc.RpcMethodHandler:
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    return make(behaviour, _lenient(handler.request_deserializer), handler.response_serializer)


def _path(field: Any) -> str:
    return ".".join(element.field_name for element in field.elements) if field is not None else "message"
