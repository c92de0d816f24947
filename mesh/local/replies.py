"""What the gateway itself answers when it refuses a call, and what it writes down about calls.

REST callers get the `google.rpc.Status` that the services give, with the reason in `ErrorInfo`. gRPC callers keep
Envoy's own answer: a JSON body would end up inside their `grpc-message`.
"""

from dataclasses import dataclass
from pathlib import Path

from google.rpc import code_pb2

from mesh.local.envoy_json import Json, extension


@dataclass(frozen=True, slots=True)
class Refusal:
    """How one HTTP status is told to a REST caller."""

    status: int
    code: int
    reason: str


REFUSALS = (
    Refusal(400, code_pb2.INVALID_ARGUMENT, "REQUEST_MALFORMED"),
    Refusal(401, code_pb2.UNAUTHENTICATED, "TOKEN_INVALID"),
    Refusal(403, code_pb2.PERMISSION_DENIED, "NOT_PERMITTED"),
    Refusal(404, code_pb2.NOT_FOUND, "PATH_UNKNOWN"),
    Refusal(405, code_pb2.UNIMPLEMENTED, "METHOD_NOT_ALLOWED"),
    Refusal(408, code_pb2.DEADLINE_EXCEEDED, "REQUEST_TIMEOUT"),
    Refusal(413, code_pb2.INVALID_ARGUMENT, "BODY_TOO_LARGE"),
    Refusal(415, code_pb2.INVALID_ARGUMENT, "REQUEST_MALFORMED"),
    Refusal(429, code_pb2.RESOURCE_EXHAUSTED, "RATE_LIMITED"),
    Refusal(503, code_pb2.UNAVAILABLE, "SERVICE_UNAVAILABLE"),
    Refusal(504, code_pb2.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
)
OF_OTHERS = Refusal(403, code_pb2.UNAUTHENTICATED, "TOKEN_INVALID")
EXPIRED = Refusal(401, code_pb2.UNAUTHENTICATED, "TOKEN_EXPIRED")
ANY_OTHER = Refusal(400, code_pb2.INTERNAL, "GATEWAY_ERROR")

_NOT_GRPC = {
    "header_filter": {
        "header": {
            "name": "content-type",
            "string_match": {"prefix": "application/grpc"},
            "invert_match": True,
            "treat_missing_header_as_empty": True,
        }
    }
}
_TRANSCODED = {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": True}}}
_REST = {"or_filter": {"filters": [_NOT_GRPC, _TRANSCODED]}}


def local_replies() -> Json:
    """The answers of the gateway, by status; the first that matches is taken."""
    expired = _mapper(EXPIRED, "EQ", _details("response.code_details.contains('Jwt_is_expired')"))
    # Envoy calls a token that is meant for others "forbidden"; to the caller it is a token that is no good.
    bad_token = _details("response.code_details.startsWith('jwt_authn_access_denied')")
    rest = _mapper(OF_OTHERS, "EQ", bad_token) | {"status_code": 401}
    grpc = {"filter": _all(_status_is(OF_OTHERS, "EQ"), bad_token), "status_code": 401}
    by_status = [_mapper(refusal, "EQ") for refusal in REFUSALS]
    return {"mappers": [expired, rest, grpc, *by_status, _mapper(ANY_OTHER, "GE")]}


def access_log(path: Path | None) -> list[Json]:
    """One line of JSON for each call. No token, no query and no body is in it."""
    if path is None:
        return []
    fields = {
        "time": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "path": "%PATH(NQ:ORIG_OR_PATH)%",
        "rpc": "%PATH(NQ:PATH)%",
        "status": "%RESPONSE_CODE%",
        "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "duration_ms": "%DURATION%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "bytes_in": "%BYTES_RECEIVED%",
        "bytes_out": "%BYTES_SENT%",
        "user_id": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:claims:sub)%",
        "request_id": "%REQ(X-REQUEST-ID)%",
    }
    return [
        extension(
            "envoy.access_loggers.file",
            "extensions.access_loggers.file.v3.FileAccessLog",
            path=str(path),
            log_format={"json_format": fields},
        )
    ]


def _mapper(refusal: Refusal, comparison: str, *further: Json) -> Json:
    condition = _all(_status_is(refusal, comparison), _REST, *further)
    return {"filter": condition, "body_format_override": _status(refusal)}


def _all(*filters: Json) -> Json:
    return {"and_filter": {"filters": list(filters)}}


def _status_is(refusal: Refusal, comparison: str) -> Json:
    # Envoy demands the name of a runtime key; none is ever set.
    value = {"default_value": refusal.status, "runtime_key": "gateway.unused"}
    return {"status_code_filter": {"comparison": {"value": value, "op": comparison}}}


def _details(expression: str) -> Json:
    message = "extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    return {"extension_filter": extension("cel", message, expression=expression)}


def _status(refusal: Refusal) -> Json:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": refusal.reason,
        "domain": "tradeloom",
        "metadata": {"request_id": "%REQ(X-REQUEST-ID)%"},
    }
    status = {"code": refusal.code, "message": "%LOCAL_REPLY_BODY%", "details": [info]}
    return {"content_type": "application/json", "json_format": status}
