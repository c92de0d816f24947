"""One table from errors to gRPC statuses, and back."""

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.kernel.errors import EngineError, Kind

DOMAIN = "tradeloom"

CODES = {
    Kind.INVALID: code_pb2.INVALID_ARGUMENT,
    Kind.UNAUTHENTICATED: code_pb2.UNAUTHENTICATED,
    Kind.FORBIDDEN: code_pb2.PERMISSION_DENIED,
    Kind.NOT_FOUND: code_pb2.NOT_FOUND,
    Kind.CONFLICT: code_pb2.ALREADY_EXISTS,
    Kind.PRECONDITION: code_pb2.FAILED_PRECONDITION,
    Kind.STALE: code_pb2.ABORTED,
    Kind.LIMITED: code_pb2.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: code_pb2.UNAVAILABLE,
    Kind.TIMEOUT: code_pb2.DEADLINE_EXCEEDED,
}
KINDS = {code: kind for kind, code in CODES.items()}


def status_of(error: EngineError) -> status_pb2.Status:
    """The status that carries the error, with `ErrorInfo` and, for violations, `BadRequest`."""
    details = [_packed(error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata))]
    if error.violations:
        details.append(_packed(_bad_request(error)))
    return status_pb2.Status(code=CODES[error.kind], message=error.message, details=details)


def error_of(status: status_pb2.Status) -> EngineError:
    """The error that the status carries; one without `ErrorInfo` gets the reason of its code."""
    kind = KINDS.get(status.code, Kind.UNAVAILABLE)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(bad.DESCRIPTOR):
            detail.Unpack(bad)
    reason = info.reason or code_pb2.Code.Name(status.code)
    violations = tuple((v.field, v.description) for v in bad.field_violations)
    error = EngineError(kind, reason, status.message, violations=violations)
    error.metadata.update(info.metadata)
    return error


def error_of_call(failure: grpc.aio.AioRpcError) -> EngineError:
    """The error of a failed call."""
    status = rpc_status.from_call(failure)  # type: ignore[arg-type]
    if status is None:
        status = status_pb2.Status(code=failure.code().value[0], message=failure.details() or "")
    return error_of(status)


def _bad_request(error: EngineError) -> error_details_pb2.BadRequest:
    violations = [
        error_details_pb2.BadRequest.FieldViolation(field=field, description=description)
        for field, description in error.violations
    ]
    return error_details_pb2.BadRequest(field_violations=violations)


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
