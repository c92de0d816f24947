import copy
from typing import Any

import pytest

from tests.mesh import crd, istio

SCHEMAS = crd.load()
ALL = [(file, item) for file, items in istio.files().items() for item in items]


def changed(kind: str, name: str, path: str, value: object) -> dict[str, Any]:
    """A resource of ours with one field set to something else."""
    resource = copy.deepcopy(istio.named(kind, name))
    *parents, last = path.split(".")
    node: Any = resource["spec"]
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node[part]
    node[last] = value
    return resource


@pytest.mark.parametrize(("file", "resource"), ALL, ids=[f"{f}-{r['kind']}-{r['metadata']['name']}" for f, r in ALL])
def test_resource_is_one_that_the_api_server_takes(file: str, resource: dict[str, Any]) -> None:
    assert crd.errors(resource, SCHEMAS) == []
    assert resource["metadata"]["namespace"] == istio.NAMESPACE


@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "error"),
    [
        ("VirtualService", "oms", "http.1.timeout", "0s", "must be a valid duration greater than 1ms"),
        ("VirtualService", "oms", "http.1.timeout", "soon", "must be a valid duration greater than 1ms"),
        ("VirtualService", "oms", "http.1.timeouts", "2s", "'timeouts' was unexpected"),
        ("VirtualService", "oms", "http.1.retries.attempts", "two", "is not of type 'integer'"),
        ("DestinationRule", "oms", "trafficPolicy.tls.mode", "MUTUALLY", "is not one of"),
        ("DestinationRule", "oms", "trafficPolicy.connectionPool.tcp.maxConnection", 1, "was unexpected"),
        ("ServiceEntry", "provider-alpha", "ports.0.number", 70000, "port must be between 1-65535"),
        ("ServiceEntry", "provider-alpha", "hosts", ["*"], "hosts"),
        ("AuthorizationPolicy", "oms", "rules.0.from.0.source.serviceAccounts", ["a/b"], "Cannot set serviceAccounts"),
        ("RequestAuthentication", "edge", "jwtRules.0.jwksUri", "https://id.example/jwks", "jwks"),
        ("RequestAuthentication", "edge", "jwtRules.0.issuer", "", "should be non-empty"),
        ("PeerAuthentication", "default", "portLevelMtls", {"80": {"mode": "DISABLE"}}, "portLevelMtls"),
        ("Gateway", "edge", "servers.0.tls.minProtocolVersion", "TLSV9", "is not one of"),
        ("EnvoyFilter", "edge", "configPatches.0.applyTo", "FILTERS", "is not one of"),
        ("Sidecar", "default", "outboundTrafficPolicy.mode", "NONE", "is not one of"),
    ],
)
def test_resource_with_a_mistake_is_refused(kind: str, name: str, path: str, value: object, error: str) -> None:
    found = crd.errors(changed(kind, name, path, value), SCHEMAS)
    assert any(error in text for text in found), found


def test_kind_without_a_schema_is_refused() -> None:
    assert crd.errors({"apiVersion": "v1", "kind": "Pod"}, SCHEMAS) == ["there is no schema for v1/Pod"]


def test_two_ports_of_one_number_are_refused() -> None:
    entry = copy.deepcopy(istio.named("ServiceEntry", "provider-alpha"))
    entry["spec"]["ports"].append({**entry["spec"]["ports"][0], "name": "tcp-other"})
    assert any("port number cannot be duplicated" in text for text in crd.errors(entry, SCHEMAS))


def test_every_rule_of_the_schemas_can_be_read() -> None:
    def rules(node: Any) -> list[str]:
        if isinstance(node, list):
            return [rule for item in node for rule in rules(item)]
        if not isinstance(node, dict):
            return []
        own = [rule["rule"] for rule in node.get("x-kubernetes-validations", [])]
        return own + [rule for value in node.values() for rule in rules(value)]

    found = set(rules(SCHEMAS))
    assert len(found) > 20
    for rule in found:
        crd.compiled(rule)
