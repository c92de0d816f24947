"""The HTTP filters, in the order in which a request meets them. The order is a security property: see `access`."""

from mesh.local.access import jwt_filter, permission_filter
from mesh.local.envoy_json import Json, extension, typed
from mesh.local.methods import Method, services
from mesh.local.settings import GatewaySettings

REQUEST_BYTES_MAX = 64 * 1024
RESPONSE_BYTES_MAX = 16 * 1024 * 1024

CORS = "envoy.filters.http.cors"
TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
COMPRESSOR = "envoy.filters.http.compressor"
PERMISSIONS = "envoy.filters.http.rbac"

_TRANSCODER_TYPE = "extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder"
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}


def http_filters(settings: GatewaySettings, public: list[Method]) -> list[Json]:
    """All filters."""
    return [
        extension(CORS, "extensions.filters.http.cors.v3.Cors"),
        _rate_limit(settings.requests_per_second),
        _compressor(),
        jwt_filter(settings, public),
        extension("envoy.filters.http.grpc_web", "extensions.filters.http.grpc_web.v3.GrpcWeb"),
        _transcoder(settings, services(public)),
        permission_filter(public),
        _statistics(),
        extension("envoy.filters.http.router", "extensions.filters.http.router.v3.Router", suppress_envoy_headers=True),
    ]


def cors_policy(origins: tuple[str, ...]) -> Json:
    """Which pages of other origins may call. Tokens travel in a header, never in a cookie: no credentials."""
    return typed(
        "extensions.filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=[{"exact": origin} for origin in origins],
        allow_methods="GET, POST, OPTIONS",
        allow_headers="authorization, content-type, x-grpc-web, x-user-agent, grpc-timeout, traceparent, tracestate",
        # A gRPC-Web error without messages has its status in the headers: a browser must be allowed to read it.
        expose_headers="grpc-status, grpc-message, grpc-status-details-bin, x-request-id, retry-after",
        max_age="600",
    )


def no_transcoding(settings: GatewaySettings) -> Json:
    """The transcoder, switched off for a route: it would refuse a path that no method has."""
    return typed(_TRANSCODER_TYPE, proto_descriptor=str(settings.descriptor_set), services=[])


def no_compression() -> Json:
    """The compressor, switched off for a route: it would compress each message of a gRPC-Web stream for itself."""
    return typed("extensions.filters.http.compressor.v3.CompressorPerRoute", disabled=True)


def no_permissions() -> Json:
    """The permission check, switched off for a route that the gateway answers itself."""
    return typed("extensions.filters.http.rbac.v3.RBACPerRoute")


def _rate_limit(requests_per_second: int) -> Json:
    return extension(
        "envoy.filters.http.local_ratelimit",
        "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="gateway",
        token_bucket={
            "max_tokens": requests_per_second,
            "tokens_per_fill": requests_per_second,
            "fill_interval": "1s",
        },
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
        rate_limited_as_resource_exhausted=True,
        response_headers_to_add=[{"header": {"key": "retry-after", "value": "1"}}],
    )


def _compressor() -> Json:
    # Small answers, such as that to an order, go as they are: compressing them costs more than it saves.
    gzip = extension(
        "gzip", "extensions.compression.gzip.compressor.v3.Gzip", compression_level="BEST_SPEED", memory_level=5
    )
    direction = {"common_config": {"min_content_length": 2048}}
    return extension(
        COMPRESSOR,
        "extensions.filters.http.compressor.v3.Compressor",
        compressor_library=gzip,
        response_direction_config=direction,
    )


def _transcoder(settings: GatewaySettings, names: list[str]) -> Json:
    """REST to gRPC, by the `google.api.http` rules of the contracts.

    A field that a JSON body has and the message has not is ignored: Envoy has no option to refuse it.
    """
    return extension(
        TRANSCODER,
        _TRANSCODER_TYPE,
        proto_descriptor=str(settings.descriptor_set),
        services=names,
        convert_grpc_status=True,
        query_param_unescape_plus=True,
        case_insensitive_enum_parsing=True,
        request_validation_options={
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        print_options={"always_print_primitive_fields": True, "preserve_proto_field_names": True},
        max_request_body_size=REQUEST_BYTES_MAX,
        max_response_body_size=RESPONSE_BYTES_MAX,
    )


def _statistics() -> Json:
    # Stands after the permissions, so only methods that exist get a counter.
    return extension(
        "envoy.filters.http.grpc_stats",
        "extensions.filters.http.grpc_stats.v3.FilterConfig",
        stats_for_all_methods=True,
        enable_upstream_stats=True,
        replace_dots_in_grpc_service_name=True,
    )
