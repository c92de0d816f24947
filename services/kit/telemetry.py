"""Logs, metrics and traces: one JSON line per event, one `/metrics` per process, spans only when asked for."""

import logging
import sys
from contextvars import ContextVar
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Histogram, start_http_server

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")

LATENCY_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

RPC_STARTED = Counter("rpc_server_started_total", "Calls begun.", ["method"])
RPC_HANDLED = Counter("rpc_server_handled_total", "Calls ended, by status code.", ["method", "code"])
RPC_SECONDS = Histogram("rpc_server_duration_seconds", "How long calls took.", ["method"], buckets=LATENCY_BUCKETS)


def configure_logs(service: str, level: str = "info") -> None:
    """Sends every log, the libraries' too, to stdout as JSON lines with the service and the correlation id."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _identify(service),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(default=str),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(renderer)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose keyword arguments become fields: `log.info("connected", peer=address)`."""
    made: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return made


def serve_metrics(address: str) -> None:
    """Serves Prometheus metrics on `host:port`, in a thread of its own; an empty address serves none."""
    if address:
        host, _, port = address.rpartition(":")
        start_http_server(int(port), addr=host)


def tracing() -> bool:
    """Whether spans go anywhere."""
    return isinstance(trace.get_tracer_provider(), TracerProvider)


def configure_traces(service: str, otlp_endpoint: str) -> None:
    """Exports spans to an OTLP collector (`host:port`); an empty endpoint makes none."""
    if not otlp_endpoint:
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint, insecure=True)))
    trace.set_tracer_provider(provider)


def _identify(service: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"] = service
        if correlation := correlation_id.get():
            event["correlation_id"] = correlation
        return event

    return add
