"""Who may call what: the token of each call against the permission that its method declares."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.empty_pb2 import Empty
from tradeloom.access.v1 import access_pb2

from services.kernel.errors import EngineError, Kind
from services.kit.tokens import Principal

HEADER = "authorization"
SCHEME = "bearer"

ROLES: dict[int, frozenset[str]] = {
    access_pb2.PERMISSION_CLIENT_READ: frozenset({"trader", "viewer"}),
    access_pb2.PERMISSION_CLIENT_TRADE: frozenset({"trader"}),
}

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]]

_caller: ContextVar[Principal] = ContextVar("caller")


class TokenVerifier(Protocol):
    """Says whom a token speaks for; fails with `TOKEN_INVALID` or `TOKEN_EXPIRED`."""

    async def verify(self, token: str) -> Principal:
        """Who the token speaks for."""


def caller() -> Principal:
    """Who makes the call that is being answered. Only in methods that are not public."""
    return _caller.get()


def permissions_of(services: Iterable[ServiceDescriptor]) -> dict[str, int]:
    """What each method declares, by its path."""
    return {
        f"/{service.full_name}/{method.name}": method.GetOptions().Extensions[access_pb2.permission]  # type: ignore[index]  # the stub is untyped
        for service in services
        for method in service.methods
    }


class AccessInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Admits a call, or answers it with the refusal. Methods that it does not know are refused to everybody.

    The token is checked before the request is read: a caller without one learns nothing from how requests are checked.
    """

    def __init__(self, verifier: TokenVerifier, permissions: Mapping[str, int]) -> None:
        self._verifier = verifier
        self._permissions = permissions

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler:
        """Gives the method's own handler to a caller who may use it, and one that refuses to all others."""
        handler = await continuation(details)
        if handler is None or details.method.startswith("/grpc."):  # Health and reflection are for anybody inside.
            return handler
        try:
            await self._admit(details)
        except Exception as refusal:  # Raised where the interceptors around can turn it into a status.
            return _refusing(handler, refusal)
        return handler

    async def _admit(self, details: grpc.HandlerCallDetails) -> None:
        permission = self._permissions.get(details.method, access_pb2.PERMISSION_UNSPECIFIED)
        if permission == access_pb2.PERMISSION_PUBLIC:
            return
        principal = await self._verifier.verify(_token(details.invocation_metadata))
        if not ROLES.get(permission, frozenset()).intersection(principal.roles):
            method = details.method.rpartition("/")[2]
            raise EngineError(
                Kind.FORBIDDEN, "PERMISSION_MISSING", f"your roles do not allow {method}", method=details.method
            )
        _caller.set(principal)


def _token(metadata: Any) -> str:
    given = [value for key, value in metadata or () if key == HEADER]
    if not given:
        raise EngineError(Kind.UNAUTHENTICATED, "TOKEN_MISSING", "send an access token as `authorization: Bearer …`")
    scheme, _, token = str(given[0]).partition(" ")
    if len(given) > 1 or scheme.lower() != SCHEME:
        raise EngineError(Kind.UNAUTHENTICATED, "TOKEN_INVALID", "authorization must be one `Bearer …`")
    return token.strip()


def _refusing(handler: grpc.RpcMethodHandler, refusal: Exception) -> grpc.RpcMethodHandler:
    """A handler of the same shape that reads nothing of the request and raises the refusal."""

    async def answer(request: Any, context: grpc.aio.ServicerContext) -> Any:
        raise refusal

    async def stream(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        raise refusal
        yield

    make, behaviour = {
        (False, False): (grpc.unary_unary_rpc_method_handler, answer),
        (False, True): (grpc.unary_stream_rpc_method_handler, stream),
        (True, False): (grpc.stream_unary_rpc_method_handler, answer),
        (True, True): (grpc.stream_stream_rpc_method_handler, stream),
    }[handler.request_streaming, handler.response_streaming]
    return make(behaviour, lambda _: Empty(), handler.response_serializer)
