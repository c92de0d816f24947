"""Running a service: start, serve, drain, stop. A background task that fails stops the process: it starts afresh."""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import grpc
import uvloop
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_health.v1.health import SERVICE_NAME as HEALTH_SERVICE
from grpc_reflection.v1alpha import reflection

from services.kit import telemetry
from services.kit.config import ConfigError, ServiceConfig
from services.kit.interceptors import Streams, standard_interceptors

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
CONFIG_EXIT_CODE = 2

SERVER_OPTIONS = {
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.http2.min_ping_interval_without_data_ms": 10_000,
    "grpc.so_reuseport": 0,
}

Register = Callable[[grpc.aio.Server], str]
Background = Callable[[], Coroutine[Any, Any, None]]

_log = telemetry.logger(__name__)


def run(name: str, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a service's `main` until it returns. Exit code 2 and one sentence for a configuration that can't be used."""
    telemetry.configure_logs(name)
    try:
        uvloop.run(main())
    except ConfigError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(CONFIG_EXIT_CODE)


async def serve(
    config: ServiceConfig,
    name: str,
    services: Sequence[Register],
    *,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    background: Sequence[Background] = (),
    on_stop: Sequence[Callable[[], Awaitable[None]]] = (),
    options: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Serves until SIGTERM or SIGINT; then says NOT_SERVING, lets traffic move away, finishes what is in flight.

    `options` are gRPC channel arguments that replace or join those of every server. Raises what a background task
    raised, so that the process ends and its supervisor starts it afresh.
    """
    telemetry.configure_logs(name, config.log_level)
    telemetry.configure_traces(name, config.otlp_endpoint)
    telemetry.serve_metrics(config.metrics_address)
    arguments = list({**SERVER_OPTIONS, **options}.items())
    streams = Streams()
    server = by_name(grpc.aio.server(interceptors=[*standard_interceptors(streams), *interceptors], options=arguments))
    names = [register(server) for register in services]
    status = _add_health(server, names)
    server.add_insecure_port(config.address)
    await server.start()
    await _report(status, names, health_pb2.HealthCheckResponse.SERVING)
    gc.collect()
    gc.freeze()  # What lives since the start lives for ever: the collector need not look at it again.
    _log.info("serving", address=config.address)
    try:
        await _until_stopped(background)
    finally:
        await status.enter_graceful_shutdown()
        await asyncio.sleep(config.drain_s)
        for stop in on_stop:
            await stop()
        streams.end()
        await server.stop(config.grace_s)
        _log.info("stopped")


def by_name(server: grpc.aio.Server) -> grpc.aio.Server:
    """The server, finding the methods of the services that are added from now on by their names alone.

    Generated code also registers each method, and gRPC then waits for the next call of every one of them by
    `asyncio.wait`: a small call costs a quarter to a third more CPU where there are 30 methods.
    """
    server.add_registered_method_handlers = lambda service_name, method_handlers: None  # type: ignore[attr-defined]
    return server


async def _until_stopped(background: Sequence[Background]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    waiting = asyncio.create_task(stopping.wait())
    tasks = [asyncio.create_task(start()) for start in background]
    try:
        pending: set[asyncio.Task[Any]] = {waiting, *tasks}
        while waiting in pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in (waiting, *tasks):
            task.cancel()
        await asyncio.gather(waiting, *tasks, return_exceptions=True)


def _add_health(server: grpc.aio.Server, names: Sequence[str]) -> HealthServicer:
    status = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    reflection.enable_server_reflection([*names, HEALTH_SERVICE, reflection.SERVICE_NAME], server)
    return status


async def _report(status: HealthServicer, names: Sequence[str], value: int) -> None:
    for name in ("", *names):
        await status.set(name, value)
