"""What `mesh/istio` says, in a form that tests can ask."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
NAMESPACE = "trading"
PRINCIPAL = f"cluster.local/ns/{NAMESPACE}/sa/"

Resource = dict[str, Any]


@cache
def files() -> dict[str, list[Resource]]:
    """The resources of each file."""
    paths = sorted((ROOT / "mesh" / "istio").glob("*.yaml"))
    return {path.name: list(yaml.safe_load_all(path.read_text())) for path in paths}


def resources(kind: str, file: str | None = None) -> list[Resource]:
    """The resources of a kind, of all files or of one."""
    found = [item for name, items in files().items() if file in (None, name) for item in items]
    return [item for item in found if item["kind"] == kind]


def named(kind: str, name: str) -> Resource:
    """The resource of this kind and name."""
    return next(item for item in resources(kind) if item["metadata"]["name"] == name)


def service_of(workload: str) -> str:
    """The service folder of a workload: Kubernetes takes no underscore."""
    return workload.replace("-", "_")


def routes(virtual_service: Resource) -> dict[str, Resource]:
    """Its HTTP routes by name."""
    return {route["name"]: route for route in virtual_service["spec"]["http"]}


def exact_paths(route: Resource | None) -> set[str]:
    """The paths that a route names."""
    return {match["uri"]["exact"] for match in (route or {}).get("match", [])}


def callers() -> dict[str, set[str]]:
    """Which services may call each service over gRPC, by the ALLOW rules."""
    graph: dict[str, set[str]] = {}
    for policy in resources("AuthorizationPolicy", "authorization.yaml"):
        workload = policy["spec"].get("selector", {}).get("matchLabels", {}).get("app.kubernetes.io/name")
        for rule in policy["spec"].get("rules", []):
            if workload and any("paths" in to["operation"] for to in rule["to"]):
                principals = [p for source in rule["from"] for p in source["source"]["principals"]]
                names = {service_of(principal.removeprefix(PRINCIPAL)) for principal in principals}
                graph.setdefault(service_of(workload), set()).update(names)
    return graph
