"""The listener: HTTP/1.1 and HTTP/2 without TLS, on this machine only."""

from mesh.local import replies
from mesh.local.envoy_json import Json, extension, socket
from mesh.local.filters import http_filters
from mesh.local.methods import Method
from mesh.local.routes import route_configuration
from mesh.local.settings import GatewaySettings

# What only the mesh may say: who calls (`x-tradeloom-`, the peer's certificate), and how to retry (`x-envoy-`).
_INTERNAL_HEADERS = ("x-tradeloom-", "x-envoy-", "x-forwarded-client-cert")


def listener(settings: GatewaySettings, public: list[Method]) -> Json:
    """The listener of the gateway."""
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="gateway",
        codec_type="AUTO",
        route_config=route_configuration(settings, public),
        http_filters=http_filters(settings, public),
        local_reply_config=replies.local_replies(),
        access_log=replies.access_log(settings.access_log),
        **_identity(),
        **_limits(),
    )
    return {
        "name": "gateway",
        "address": socket(settings.host, settings.port),
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "filter_chains": [{"filters": [manager]}],
    }


def _identity() -> Json:
    """Who a request comes from, what it is called, and what it may not pretend."""
    mutations = [{"remove_on_match": {"key_matcher": {"prefix": name}}} for name in _INTERNAL_HEADERS]
    early = extension(
        "envoy.http.early_header_mutation.header_mutation",
        "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=mutations,
    )
    return {
        "use_remote_address": True,
        "generate_request_id": True,
        "always_set_request_id_in_response": True,
        "early_header_mutation_extensions": [early],
        "forward_client_cert_details": "SANITIZE",
        "server_name": "tradeloom",
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
    }


def _limits() -> Json:
    return {
        "max_request_headers_kb": 8,
        "request_headers_timeout": "5s",
        "stream_idle_timeout": "60s",
        "drain_timeout": "2s",
        "common_http_protocol_options": {
            "idle_timeout": "600s",
            "max_headers_count": 64,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 1000,
            "initial_stream_window_size": 256 * 1024,
            "initial_connection_window_size": 4 * 1024 * 1024,
            "connection_keepalive": {"interval": "30s", "timeout": "10s"},
        },
        # The WebSocket goes straight to `stream`: through a proxy it would cost three times the CPU.
        "upgrade_configs": [{"upgrade_type": "websocket", "enabled": False}],
    }
