"""The interceptor: what it lets through, for all four shapes of a handler."""

from collections import namedtuple

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from tradeloom.access.v1 import access_pb2

from services.client_api.access import ROLES, AccessInterceptor, caller
from services.client_api.main import PERMISSIONS
from services.kernel.errors import EngineError, Kind
from services.kit.tokens import Principal

METHOD = "/tradeloom.client.v1.Things/DoThing"
Details = namedtuple("Details", "method invocation_metadata")
MAKERS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class OnlyGood:
    """Takes the token `good`."""

    def __init__(self, roles=("trader",)):
        self._roles = roles

    async def verify(self, token):
        if token != "good":
            raise EngineError(Kind.UNAUTHENTICATED, "TOKEN_INVALID", "the access token is not valid")
        return Principal("user-1", "session", "demo", self._roles, "token", 0.0)


def unused(request, context):
    raise AssertionError("the handler itself must not be called")


async def admitted(permission, metadata, *, shape=(False, False), roles=("trader",), method=METHOD):
    own = MAKERS[shape](unused, lambda raw: raw, lambda message: message)

    async def continuation(details):
        return own

    interceptor = AccessInterceptor(OnlyGood(roles), {METHOD: permission})
    given = await interceptor.intercept_service(continuation, Details(method, metadata))
    return given is own, given


async def refusal(handler):
    behaviour = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    answer = behaviour(Empty(), None)
    with pytest.raises(EngineError) as caught:
        await (anext(answer) if handler.response_streaming else answer)
    return caught.value.kind, caught.value.reason


GOOD = (("authorization", "Bearer good"),)
READ, TRADE = access_pb2.PERMISSION_CLIENT_READ, access_pb2.PERMISSION_CLIENT_TRADE


@pytest.mark.parametrize("shape", MAKERS)
async def test_a_caller_who_may_reaches_the_method_and_is_known_there(shape):
    passed, _ = await admitted(TRADE, GOOD, shape=shape)
    assert passed
    assert caller().user_id == "user-1"


@pytest.mark.parametrize("shape", MAKERS)
async def test_a_caller_who_may_not_gets_a_refusal_of_the_same_shape_and_nothing_is_parsed(shape):
    passed, handler = await admitted(TRADE, (), shape=shape)
    assert not passed
    assert (handler.request_streaming, handler.response_streaming) == shape
    assert handler.request_deserializer(b"\xff not protobuf") == Empty()
    assert await refusal(handler) == (Kind.UNAUTHENTICATED, "TOKEN_MISSING")


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (None, "TOKEN_MISSING"),
        ((("x-other", "good"),), "TOKEN_MISSING"),
        ((("authorization", ""),), "TOKEN_INVALID"),
        ((("authorization", "good"),), "TOKEN_INVALID"),
        ((("authorization", "Basic good"),), "TOKEN_INVALID"),
        ((("authorization", "Bearer bad"),), "TOKEN_INVALID"),
        (GOOD + GOOD, "TOKEN_INVALID"),
    ],
)
async def test_a_header_that_is_not_one_good_token_is_refused(metadata, reason):
    _, handler = await admitted(READ, metadata)
    assert await refusal(handler) == (Kind.UNAUTHENTICATED, reason)


async def test_the_scheme_may_be_written_in_any_case():
    assert (await admitted(READ, (("authorization", "bearer good"),)))[0]


@pytest.mark.parametrize(
    ("permission", "roles", "passes"),
    [
        (access_pb2.PERMISSION_PUBLIC, (), True),
        (READ, ("trader",), True),
        (READ, ("viewer",), True),
        (READ, ("unknown",), False),
        (READ, (), False),
        (TRADE, ("trader",), True),
        (TRADE, ("viewer",), False),
        (TRADE, ("viewer", "trader"), True),
        (access_pb2.PERMISSION_INTERNAL, ("trader", "viewer"), False),
        (access_pb2.PERMISSION_UNSPECIFIED, ("trader", "viewer"), False),
        (99, ("trader", "viewer"), False),
    ],
)
async def test_roles_open_what_the_permission_names_and_nothing_else(permission, roles, passes):
    passed, handler = await admitted(permission, GOOD, roles=roles)
    assert passed is passes
    if not passes:
        assert await refusal(handler) == (Kind.FORBIDDEN, "PERMISSION_MISSING")


async def test_a_method_that_is_not_in_the_table_is_refused_to_everybody():
    _, handler = await admitted(READ, GOOD, method="/tradeloom.client.v1.Things/Other")
    assert await refusal(handler) == (Kind.FORBIDDEN, "PERMISSION_MISSING")


async def test_a_method_that_does_not_exist_stays_unknown():
    async def nothing(details):
        return None

    interceptor = AccessInterceptor(OnlyGood(), {})
    assert await interceptor.intercept_service(nothing, Details(METHOD, ())) is None


async def test_health_is_for_anybody():
    assert (await admitted(READ, (), method="/grpc.health.v1.Health/Check"))[0]


def test_every_permission_of_a_public_method_can_be_had_by_somebody():
    assert set(PERMISSIONS.values()) == {access_pb2.PERMISSION_PUBLIC, *ROLES}
