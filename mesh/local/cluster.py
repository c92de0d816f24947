"""The one service behind the gateway."""

from mesh.local.envoy_json import Json, socket, typed
from mesh.local.settings import GatewaySettings

CLIENT_API = "client_api"

_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def client_api(settings: GatewaySettings) -> Json:
    """The cluster of client_api: HTTP/2, with a bound on all that may wait for it."""
    host, _, port = settings.client_api_address.rpartition(":")
    endpoint = {"endpoint": {"address": socket(host, int(port))}}
    return {
        "name": CLIENT_API,
        "type": "STATIC",
        "connect_timeout": "1s",
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "load_assignment": {"cluster_name": CLIENT_API, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            _OPTIONS: typed("extensions.upstreams.http.v3.HttpProtocolOptions", explicit_http_config=_http2())
        },
        "circuit_breakers": {"thresholds": [_limits()]},
    }


def _http2() -> Json:
    options = {
        "initial_stream_window_size": 1024 * 1024,
        "initial_connection_window_size": 4 * 1024 * 1024,
        # gRPC servers close a connection that pings more often than every 30 s.
        "connection_keepalive": {"interval": "45s", "timeout": "10s"},
    }
    return {"http2_protocol_options": options}


def _limits() -> Json:
    return {
        "max_connections": 64,
        # Also counts what waits while the connection is being made: a small number kills bursts at a cold start.
        "max_pending_requests": 2048,
        "max_requests": 10_000,
        "retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": 3},
    }
