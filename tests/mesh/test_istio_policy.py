"""The mesh's policy against the contracts, the services' code and the local gateway."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from mesh.local import methods
from mesh.local.gateway import GatewaySettings, render
from tests.mesh import istio
from tests.mesh.envoy_process import validation_errors

SERVICES = ("client_api", "oms", "router", "bbook", "lp_manager", "fix_gateway", "reference", "identity", "stream")
DESCRIPTORS = istio.ROOT / "gen" / "tradeloom.binpb"
SAFE_RETRIES = {"unavailable", "connect-failure", "refused-stream", "reset-before-request", "reset"}


def contract(service: str) -> dict[str, descriptor_pb2.MethodDescriptorProto]:
    """The methods of a service's contract by path; client_api's contract is the public one."""
    package = f"tradeloom.{'client' if service == 'client_api' else service}.v1"
    files = descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    return {
        f"/{package}.{rpc.name}/{method.name}": method
        for file in files.file
        if file.package == package
        for rpc in file.service
        for method in rpc.method
    }


def streams_and_reads(service: str) -> tuple[set[str], set[str]]:
    found = contract(service)
    streams = {path for path, m in found.items() if m.client_streaming or m.server_streaming}
    harmless = {p for p, m in found.items() if m.options.idempotency_level == m.options.NO_SIDE_EFFECTS}
    return streams, harmless - streams


def virtual_service(service: str) -> dict[str, Any]:
    return istio.named("VirtualService", "edge" if service == "client_api" else service.replace("_", "-"))


def called_by(service: str) -> set[str]:
    """Whose gRPC stubs a service imports, its own left out."""
    called = set()
    for file in (istio.ROOT / "services" / service).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            called |= _stub_packages(node)
    return called - {service, "client"}


def _stub_packages(node: ast.AST) -> set[str]:
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tradeloom."):
        modules = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module or ""]
    elif isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names if alias.name.startswith("tradeloom.")]
    else:
        return set()
    return {module.split(".")[1] for module in modules if module.endswith("_pb2_grpc")}


def seconds(text: str) -> float:
    return float(text.removesuffix("ms")) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))


@pytest.mark.parametrize("service", SERVICES)
def test_streams_have_no_time_limit_and_only_reads_are_retried(service: str) -> None:
    streams, reads = streams_and_reads(service)
    routes = istio.routes(virtual_service(service))
    assert istio.exact_paths(routes.get("streams")) == streams
    assert istio.exact_paths(routes.get("reads")) == reads
    for name, route in routes.items():
        assert ("timeout" in route) == (name != "streams"), name
        assert (route["retries"]["attempts"] > 0) == (name == "reads"), name
        assert set(route["retries"].get("retryOn", "reset").split(",")) <= SAFE_RETRIES


@pytest.mark.parametrize("service", SERVICES)
def test_attempts_fit_into_the_time_limit(service: str) -> None:
    for route in istio.routes(virtual_service(service)).values():
        retries = route["retries"]
        if retries["attempts"]:
            assert (1 + retries["attempts"]) * seconds(retries["perTryTimeout"]) <= seconds(route["timeout"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_whole_destination_rule(service: str) -> None:
    policy = istio.named("DestinationRule", service.replace("_", "-"))["spec"]["trafficPolicy"]
    assert policy["tls"] == {"mode": "ISTIO_MUTUAL"}
    # With Envoy's own 10 % nobody is ever ejected from a pool of less than ten.
    assert policy["outlierDetection"]["maxEjectionPercent"] == 50
    assert policy["outlierDetection"]["consecutive5xxErrors"] == 0
    assert policy["connectionPool"]["http"]["http1MaxPendingRequests"] >= 100
    sticky = policy["loadBalancer"].get("consistentHash")
    assert sticky == ({"httpHeaderName": "x-account-id"} if service == "oms" else None)


def test_mesh_is_strict_about_tls_and_closed_by_default() -> None:
    (peer,) = istio.resources("PeerAuthentication")
    assert peer["spec"] == {"mtls": {"mode": "STRICT"}}
    closed = [policy for policy in istio.resources("AuthorizationPolicy") if policy["spec"] == {}]
    assert len(closed) == 1
    (sidecar,) = istio.resources("Sidecar")
    assert sidecar["spec"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}


@pytest.mark.parametrize("service", SERVICES)
def test_service_may_call_exactly_those_whose_stubs_it_imports(service: str) -> None:
    if not (istio.ROOT / "services" / service / "main.py").exists():
        pytest.skip(f"{service} is not in this tree")
    allowed = {callee for callee, callers in istio.callers().items() if service in callers}
    assert called_by(service) == allowed


def test_only_the_gateway_calls_client_api() -> None:
    assert istio.callers()["client_api"] == {"gateway"}
    assert {callee for callee, callers in istio.callers().items() if "gateway" in callers} == {"client_api"}


def test_allowed_paths_are_those_of_the_callee() -> None:
    for policy in istio.resources("AuthorizationPolicy", "authorization.yaml"):
        workload = policy["spec"].get("selector", {}).get("matchLabels", {}).get("app.kubernetes.io/name", "")
        operations = [to["operation"] for rule in policy["spec"].get("rules", []) for to in rule["to"]]
        for path in (path for operation in operations for path in operation.get("paths", [])):
            found = contract(istio.service_of(workload))
            assert any(method.startswith(path.removesuffix("*")) for method in found), path


def test_providers_have_ports_of_their_own_and_sessions_that_stay() -> None:
    entries = istio.resources("ServiceEntry")
    ports = [port["number"] for entry in entries for port in entry["spec"]["ports"]]
    assert len(entries) == len(set(ports)) == 3
    for entry in entries:
        rule = istio.named("DestinationRule", entry["metadata"]["name"])["spec"]
        assert [rule["host"]] == entry["spec"]["hosts"]
        assert rule["trafficPolicy"]["connectionPool"]["tcp"]["idleTimeout"] == "0s"


def test_edge_permits_what_the_contracts_permit() -> None:
    anybody, users, traders = istio.named("AuthorizationPolicy", "edge")["spec"]["rules"]
    found = {
        methods.PUBLIC: anybody["to"][0]["operation"]["paths"],
        methods.READ: users["to"][0]["operation"]["paths"],
        methods.TRADE: traders["to"][0]["operation"]["paths"],
    }
    for permission, paths in found.items():
        public = methods.public_methods(DESCRIPTORS)
        assert paths == [method.path for method in public if method.permission == permission]
    assert "from" not in anybody
    assert users["from"] == traders["from"] == [{"source": {"requestPrincipals": ["*"]}}]
    assert traders["when"] == [{"key": "request.auth.claims[roles]", "values": ["trader"]}]


# --- the edge in the cluster and on one machine --------------------------------------------------------------------


def local_manager(settings: GatewaySettings) -> dict[str, Any]:
    listener = json.loads(render(settings))["static_resources"]["listeners"][0]
    return listener["filter_chains"][0]["filters"][0]["typed_config"]  # type: ignore[no-any-return]


def patches(apply_to: str) -> list[dict[str, Any]]:
    found = istio.named("EnvoyFilter", "edge")["spec"]["configPatches"]
    return [patch for patch in found if patch["applyTo"] == apply_to]


def test_edge_has_the_filters_of_the_local_gateway(settings: GatewaySettings) -> None:
    local = {item["name"]: item for item in local_manager(settings)["http_filters"]}
    ours = [patch["patch"]["value"] for patch in patches("HTTP_FILTER")]
    assert {item["name"].rpartition(".")[2] for item in ours} == {
        "compressor", "local_ratelimit", "grpc_web", "grpc_json_transcoder",
    }  # fmt: skip
    for item in ours:
        twin = local[item["name"]]
        if "proto_descriptor" in item["typed_config"]:
            path = item["typed_config"]["proto_descriptor"]
            twin = {**twin, "typed_config": {**twin["typed_config"], "proto_descriptor": path}}
        assert item == twin


def test_edge_transcodes_before_it_checks_permissions() -> None:
    for patch in patches("HTTP_FILTER"):
        name = patch["patch"]["value"]["name"].rpartition(".")[2]
        if name.startswith("grpc_"):
            after = patch["match"]["listener"]["filterChain"]["filter"]["subFilter"]["name"]
            assert (patch["patch"]["operation"], after) == ("INSERT_BEFORE", "envoy.filters.http.rbac")


def test_edge_has_the_limits_of_the_local_gateway(settings: GatewaySettings) -> None:
    local = local_manager(settings)
    ((patch),) = patches("NETWORK_FILTER")
    for key, value in patch["patch"]["value"]["typed_config"].items():
        expected = local[key]
        if isinstance(value, dict):
            expected = {name: expected[name] for name in value}
        assert value == expected, key


def test_edge_has_the_cors_policy_and_retries_of_the_local_gateway(settings: GatewaySettings) -> None:
    host = local_manager(settings)["route_config"]["virtual_hosts"][0]
    cors = host["typed_per_filter_config"]["envoy.filters.http.cors"]
    retry = next(r["route"]["retry_policy"] for r in host["routes"] if "retry_policy" in r.get("route", {}))
    for name, route in istio.routes(istio.named("VirtualService", "edge")).items():
        policy = route["corsPolicy"]
        assert ", ".join(policy["allowMethods"]) == cors["allow_methods"]
        assert ", ".join(policy["allowHeaders"]) == cors["allow_headers"]
        assert ", ".join(policy["exposeHeaders"]) == cors["expose_headers"]
        if name == "reads":
            ours = route["retries"]
            assert (ours["retryOn"], ours["attempts"]) == (retry["retry_on"], retry["num_retries"])
            assert seconds(ours["perTryTimeout"]) == seconds(retry["per_try_timeout"])


async def test_envoy_takes_every_value_of_the_edge_filter(settings: GatewaySettings, tmp_path: Path) -> None:
    configuration = json.loads(render(settings))
    manager = configuration["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    replaced = {p["patch"]["value"]["name"]: p["patch"]["value"] for p in patches("HTTP_FILTER")}
    filters = [replaced.get(item["name"], item) for item in manager["http_filters"]]
    (network,) = patches("NETWORK_FILTER")
    manager |= {**network["patch"]["value"]["typed_config"], "http_filters": filters}
    for patch in patches("HTTP_ROUTE"):
        manager["route_config"]["virtual_hosts"][0]["routes"][1].update(patch["patch"]["value"])
    text = json.dumps(configuration).replace("/etc/tradeloom/tradeloom.binpb", str(settings.descriptor_set))
    assert await validation_errors(text, tmp_path) == ""
