"""Protobuf ⇄ domain."""

from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from tradeloom.identity.v1 import identity_service_pb2 as pb

from services.identity.domain.session import Tokens, User, username_of

_STEM = "ROLE_"


def user_from_pb(request: pb.CreateUserRequest) -> User:
    """The user to make; roles are sorted, for their order means nothing."""
    roles = sorted({pb.Role.Name(role).removeprefix(_STEM).lower() for role in request.roles})
    return User(UUID(request.user_id), request.tenant, username_of(request.username), tuple(roles))


def tokens_to_pb(tokens: Tokens) -> pb.SessionTokens:
    """The tokens as the contract has them."""
    return pb.SessionTokens(
        access_token=tokens.access,
        access_expire_time=timestamp(tokens.access_expires_at),
        refresh_token=tokens.refresh,
        refresh_expire_time=timestamp(tokens.refresh_expires_at),
    )


def timestamp(moment: datetime) -> Timestamp:
    """The moment as a protobuf timestamp."""
    made = Timestamp()
    made.FromDatetime(moment)
    return made
