"""The routes: one for each public method, so what has no contract has no way in."""

from typing import Any

from mesh.local import filters
from mesh.local.access import REST_PREFIX
from mesh.local.cluster import CLIENT_API
from mesh.local.envoy_json import Json
from mesh.local.methods import Method
from mesh.local.settings import GatewaySettings

UNARY_S_MAX = 15
IDLE_S_MAX = 20  # longer, so that a slow service is told as that, and a body that never comes as this
DEADLINE_S = 5

_READ_RETRIES = {
    "retry_on": "unavailable,connect-failure,refused-stream,reset-before-request,reset",
    "num_retries": 2,
    "per_try_timeout": "2s",
    "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
}


def route_configuration(settings: GatewaySettings, public: list[Method]) -> Json:
    """All routes."""
    # A REST call needs a route to a cluster before it is transcoded: the CORS filter skips routes without one.
    routes = [_health(settings), *(_method(method) for method in public), _rest(), _nothing_here(settings)]
    host = {
        "name": "all",
        "domains": ["*"],
        "routes": routes,
        "typed_per_filter_config": {filters.CORS: filters.cors_policy(settings.allowed_origins)},
    }
    return {"name": "gateway", "virtual_hosts": [host]}


def _method(method: Method) -> Json:
    match = {"path": method.path}
    if method.reads_only and not method.streams:
        return _unary(match, retry_policy=_READ_RETRIES)
    # A quiet stream is a healthy one: dead peers are found by the keep-alive of the connection.
    endless = {"match": match, "route": {"cluster": CLIENT_API, "timeout": "0s", "idle_timeout": "0s"}}
    route = endless if method.streams else _unary(match)
    return route | {"typed_per_filter_config": {filters.COMPRESSOR: filters.no_compression()}}


def _rest() -> Json:
    return _unary({"prefix": REST_PREFIX})


def _unary(match: Json, **action: Any) -> Json:
    return {
        "match": match,
        "route": {
            "cluster": CLIENT_API,
            # No `max_stream_duration` beside it: that would replace the deadline that the caller set.
            "timeout": f"{UNARY_S_MAX}s",
            "idle_timeout": f"{IDLE_S_MAX}s",
            **action,
        },
        # REST callers name no deadline; the services behind want one.
        "request_headers_to_add": [
            {"header": {"key": "grpc-timeout", "value": f"{DEADLINE_S}S"}, "append_action": "ADD_IF_ABSENT"}
        ],
    }


def _health(settings: GatewaySettings) -> Json:
    return {
        "match": {"path": "/healthz"},
        "direct_response": {"status": 200, "body": {"inline_string": "ok\n"}},
        "typed_per_filter_config": {
            filters.TRANSCODER: filters.no_transcoding(settings),
            filters.PERMISSIONS: filters.no_permissions(),
        },
    }


def _nothing_here(settings: GatewaySettings) -> Json:
    return {
        "match": {"prefix": "/"},
        "direct_response": {"status": 404, "body": {"inline_string": "there is nothing at this path"}},
        "typed_per_filter_config": {
            filters.TRANSCODER: filters.no_transcoding(settings),
            filters.PERMISSIONS: filters.no_permissions(),
        },
    }
