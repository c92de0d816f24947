"""The public methods, read from the contracts: the gateway has no list of its own."""

from dataclasses import dataclass
from pathlib import Path

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2
from tradeloom.access.v1 import access_pb2

PACKAGE = "tradeloom.client.v1"

PUBLIC = access_pb2.PERMISSION_PUBLIC
READ = access_pb2.PERMISSION_CLIENT_READ
TRADE = access_pb2.PERMISSION_CLIENT_TRADE


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC and what its contract promises about it."""

    service: str
    name: str
    permission: int
    reads_only: bool
    streams: bool
    rest_paths: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path of the RPC over HTTP/2."""
        return f"/{self.service}/{self.name}"


def public_methods(descriptor_set: Path) -> list[Method]:
    """The methods of the public package that somebody outside may call, in the order of the contracts."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set.read_bytes())
    methods = [
        _method(f"{file.package}.{service.name}", method)
        for file in files.file
        if file.package == PACKAGE
        for service in file.service
        for method in service.method
    ]
    if not methods:
        raise ValueError(f"{descriptor_set} holds no service of {PACKAGE}")
    # A method without a permission, or with one that is not known here, gets no route: it is refused to everybody.
    return [method for method in methods if method.permission in (PUBLIC, READ, TRADE)]


def services(methods: list[Method]) -> list[str]:
    """The services that the methods belong to, each once."""
    return list(dict.fromkeys(method.service for method in methods))


def _method(service: str, method: descriptor_pb2.MethodDescriptorProto) -> Method:
    options = method.options
    return Method(
        service=service,
        name=method.name,
        permission=options.Extensions[access_pb2.permission],  # type: ignore[index]
        reads_only=options.idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS,
        streams=method.client_streaming or method.server_streaming,
        rest_paths=tuple(_rest_paths(options.Extensions[annotations_pb2.http])),
    )


def _rest_paths(rule: http_pb2.HttpRule) -> list[str]:
    pattern = rule.WhichOneof("pattern")
    own = [] if pattern is None else [rule.custom.path if pattern == "custom" else getattr(rule, pattern)]
    return own + [path for additional in rule.additional_bindings for path in _rest_paths(additional)]
