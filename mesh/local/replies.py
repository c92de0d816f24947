"""What the gateway itself answers when it refuses a call, and what it writes down about calls.

REST callers get the `google.rpc.Status` that the services give, with the reason in `ErrorInfo`; so do gRPC-Web callers
whose call is refused before it is taken for one. gRPC callers keep Envoy's own answer, for a JSON body would end up
inside their `grpc-message`; what is wrong with a token they are told in the trailers, as the services would.
"""

import base64
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

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
MISSING = Refusal(401, code_pb2.UNAUTHENTICATED, "TOKEN_MISSING")
EXPIRED = Refusal(401, code_pb2.UNAUTHENTICATED, "TOKEN_EXPIRED")
INVALID = Refusal(401, code_pb2.UNAUTHENTICATED, "TOKEN_INVALID")
ANY_OTHER = Refusal(400, code_pb2.INTERNAL, "GATEWAY_ERROR")

_GRPC = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
_NOT_GRPC = {"header_filter": {"header": {**_GRPC, "invert_match": True, "treat_missing_header_as_empty": True}}}
# Once the gRPC-Web filter has seen it, such a request says `application/grpc`.
_NOT_YET_GRPC = {"header_filter": {"header": {**_GRPC, "string_match": {"prefix": "application/grpc-web"}}}}
_TRANSCODED = {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": True}}}
_GRPC_CALL = {"header_filter": {"header": _GRPC}}
_REST = {"or_filter": {"filters": [_NOT_GRPC, _NOT_YET_GRPC, _TRANSCODED]}}


def local_replies() -> Json:
    """The answers of the gateway, by status; the first that matches is taken."""
    missing = _details("response.code_details.contains('Jwt_is_missing')")
    expired = _details("response.code_details.contains('Jwt_is_expired')")
    # Envoy calls a token that is meant for others "forbidden"; to the caller it is a token that is no good.
    bad_token = _details("response.code_details.startsWith('jwt_authn_access_denied')")
    rest = [
        _mapper(MISSING, "EQ", missing),
        _mapper(EXPIRED, "EQ", expired),
        _mapper(OF_OTHERS, "EQ", bad_token) | {"status_code": 401},
        *(_mapper(refusal, "EQ") for refusal in REFUSALS),
        _mapper(ANY_OTHER, "GE"),
    ]
    grpc = [
        _grpc_mapper(MISSING, "EQ", "no access token was sent", missing),
        _grpc_mapper(EXPIRED, "EQ", "the access token has expired", expired),
        _grpc_mapper(INVALID, "GE", "the access token is not valid", bad_token),
    ]
    return {"mappers": [*rest, *grpc]}


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


def _grpc_mapper(refusal: Refusal, comparison: str, message: str, *further: Json) -> Json:
    """For gRPC callers, to stand after those of REST. Clients insist that both messages are the same."""
    condition = _all(_status_is(refusal, comparison), _GRPC_CALL, *further)
    info = any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(reason=refusal.reason, domain="tradeloom"))
    status = status_pb2.Status(code=refusal.code, message=message, details=[info])
    encoded = base64.b64encode(status.SerializeToString()).decode().rstrip("=")
    return {
        "filter": condition,
        "status_code": refusal.status,
        "body": {"inline_string": message},
        "headers_to_add": [{"header": {"key": "grpc-status-details-bin", "value": encoded}}],
    }


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
