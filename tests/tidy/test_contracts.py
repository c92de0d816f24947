"""The rules of the contracts that buf's linter can't show."""

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FieldDescriptor
from tradeloom.access.v1 import access_pb2

ROOT = Path(__file__).parents[2]
LINES_MAX = 400


def contracts() -> list[Path]:
    return sorted((ROOT / "proto" / "tradeloom").rglob("*.proto"))


def described() -> descriptor_pb2.FileDescriptorSet:
    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString((ROOT / "gen" / "tradeloom.binpb").read_bytes())
    return files


def ours() -> list[descriptor_pb2.FileDescriptorProto]:
    return [f for f in described().file if f.package.startswith("tradeloom.")]


def methods() -> list[tuple[str, descriptor_pb2.MethodDescriptorProto]]:
    return [
        (f"{file.package}.{service.name}/{method.name}", method)
        for file in ours()
        for service in file.service
        for method in service.method
    ]


@pytest.mark.parametrize(("name", "method"), methods(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_method_says_who_may_call_it(name: str, method: descriptor_pb2.MethodDescriptorProto) -> None:
    permission = method.options.Extensions[access_pb2.permission]
    assert permission != access_pb2.PERMISSION_UNSPECIFIED
    public_package = name.startswith("tradeloom.client.")
    assert (permission == access_pb2.PERMISSION_INTERNAL) != public_package


@pytest.mark.parametrize(("name", "method"), methods(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_method_says_whether_it_may_be_repeated(name: str, method: descriptor_pb2.MethodDescriptorProto) -> None:
    unknown = descriptor_pb2.MethodOptions.IDEMPOTENCY_UNKNOWN
    assert method.options.idempotency_level != unknown, name


def test_every_committed_contract_is_in_the_descriptor_set() -> None:
    known = {file.name for file in ours()}
    assert {str(path.relative_to(ROOT / "proto")) for path in contracts()} == known


def test_no_field_is_a_floating_point_number() -> None:
    floating = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}
    found = [
        f"{file.package}.{message.name}.{field.name}"
        for file in ours()
        for message in file.message_type
        for field in message.field
        if field.type in floating
    ]
    assert found == []


@pytest.mark.parametrize("contract", contracts(), ids=lambda p: p.name)
def test_a_contract_is_short_enough_to_read(contract: Path) -> None:
    assert len(contract.read_text(encoding="utf-8").splitlines()) <= LINES_MAX
