import json
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from tradeloom.access.v1 import access_pb2

from mesh.local.gateway import GatewaySettings, main, render
from mesh.local.methods import public_methods
from tests.mesh.envoy_process import validation_errors


@pytest.fixture
def plain(settings: GatewaySettings) -> GatewaySettings:
    return replace(settings, port=7400, admin_port=7402)


def edited(settings: GatewaySettings, folder: Path, method: str, permission: int | None, rest: str = "") -> Path:
    """The descriptor set with another permission on one method."""
    files = descriptor_pb2.FileDescriptorSet.FromString(settings.descriptor_set.read_bytes())
    for file in files.file:
        for service in file.service:
            for found in service.method:
                if found.name == method and file.package == "tradeloom.client.v1":
                    found.options.ClearExtension(access_pb2.permission)
                    if permission is not None:
                        found.options.Extensions[access_pb2.permission] = permission
    path = folder / "edited.binpb"
    path.write_bytes(files.SerializeToString())
    return path


def routed_paths(configuration: str) -> list[str]:
    listener = json.loads(configuration)["static_resources"]["listeners"][0]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return [r["match"]["path"] for r in manager["route_config"]["virtual_hosts"][0]["routes"] if "path" in r["match"]]


@pytest.mark.parametrize("origins", [(), ("http://localhost:5173", "https://trade.example")])
@pytest.mark.parametrize("log", [None, Path("access.log")])
async def test_rendered_configuration_is_valid_for_envoy_without_a_warning(
    plain: GatewaySettings, tmp_path: Path, origins: tuple[str, ...], log: Path | None
) -> None:
    changed = replace(plain, allowed_origins=origins, access_log=log and tmp_path / log)
    assert await validation_errors(render(changed), tmp_path) == ""


async def test_validation_finds_a_field_that_envoy_does_not_know(plain: GatewaySettings, tmp_path: Path) -> None:
    broken = render(plain).replace('"max_request_headers_kb"', '"max_request_header_kb"')
    assert "max_request_header_kb" in await validation_errors(broken, tmp_path)


def test_every_public_method_has_a_route_and_nothing_else_has(plain: GatewaySettings) -> None:
    methods = public_methods(plain.descriptor_set)
    assert len(methods) >= 20
    assert sorted(routed_paths(render(plain))) == sorted(["/healthz", *(method.path for method in methods)])


@pytest.mark.parametrize("permission", [None, access_pb2.PERMISSION_INTERNAL])
def test_method_without_a_permission_for_clients_gets_no_route(
    plain: GatewaySettings, tmp_path: Path, permission: int | None
) -> None:
    changed = edited(plain, tmp_path, "GetOrder", permission)
    paths = routed_paths(render(replace(plain, descriptor_set=changed)))
    assert "/tradeloom.client.v1.OrderService/GetOrder" not in paths
    assert "/tradeloom.client.v1.OrderService/ListOrders" in paths


def test_public_method_with_a_variable_in_its_rest_path_is_refused(plain: GatewaySettings, tmp_path: Path) -> None:
    changed = edited(plain, tmp_path, "GetAccount", access_pb2.PERMISSION_PUBLIC)
    with pytest.raises(ValueError, match=r"REST path without variables.*account_id"):
        render(replace(plain, descriptor_set=changed))


def test_descriptor_set_without_the_public_package_is_refused(plain: GatewaySettings, tmp_path: Path) -> None:
    empty = tmp_path / "empty.binpb"
    empty.write_bytes(b"")
    with pytest.raises(ValueError, match=r"holds no service of tradeloom\.client\.v1"):
        render(replace(plain, descriptor_set=empty))


def test_only_reads_are_retried(plain: GatewaySettings) -> None:
    listener = json.loads(render(plain))["static_resources"]["listeners"][0]
    routes = listener["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"][0]["routes"]
    retried = {r["match"].get("path") for r in routes if "retry_policy" in r.get("route", {})}
    methods = public_methods(plain.descriptor_set)
    assert retried == {method.path for method in methods if method.reads_only and not method.streams}
    assert not retried & {method.path for method in methods if not method.reads_only}


def test_command_line_writes_what_render_gives(plain: GatewaySettings, tmp_path: Path) -> None:
    output = tmp_path / "gateway.json"
    options = ["--descriptor-set", plain.descriptor_set, "--jwks", plain.jwks, "--port", 7400, "--output", output]
    options += ["--client-api-address", plain.client_api_address, "--allowed-origin", plain.allowed_origins[0]]
    main([*map(str, options), "--access-log", str(plain.access_log)], standalone_mode=False)
    assert output.read_text() == render(plain)
