"""Makes `istio-crds.json.gz`: of Istio's resource definitions, the schemas of the kinds that `mesh/istio` uses.

    go mod download istio.io/api@v1.30.3
    python tests/mesh/schemas/trim.py "$(go env GOMODCACHE)/istio.io/api@v1.30.3"

Istio is under the Apache License 2.0 (https://github.com/istio/api). Only descriptions are left out.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import yaml

SOURCE = "kubernetes/customresourcedefinitions.gen.yaml"
TARGET = Path(__file__).with_name("istio-crds.json.gz")
KINDS = {
    "AuthorizationPolicy": "v1",
    "DestinationRule": "v1",
    "EnvoyFilter": "v1alpha3",
    "Gateway": "v1",
    "PeerAuthentication": "v1",
    "RequestAuthentication": "v1",
    "ServiceEntry": "v1",
    "Sidecar": "v1",
    "VirtualService": "v1",
}


def without_descriptions(node: Any) -> Any:
    """The schema without its prose. A property may itself be called `description`: that one is a mapping."""
    if isinstance(node, dict):
        kept = {k: v for k, v in node.items() if not (k == "description" and isinstance(v, str))}
        return {key: without_descriptions(value) for key, value in kept.items()}
    return [without_descriptions(item) for item in node] if isinstance(node, list) else node


def trimmed(text: str) -> dict[str, Any]:
    """The schemas by `apiVersion/kind`."""
    schemas = {}
    for definition in filter(None, yaml.safe_load_all(text)):
        spec = definition["spec"]
        kind = spec["names"]["kind"]
        for version in spec["versions"]:
            if KINDS.get(kind) == version["name"]:
                key = f"{spec['group']}/{version['name']}/{kind}"
                schemas[key] = without_descriptions(version["schema"]["openAPIV3Schema"])
    return schemas


if __name__ == "__main__":
    content = json.dumps(trimmed((Path(sys.argv[1]) / SOURCE).read_text()), sort_keys=True).encode()
    TARGET.write_bytes(gzip.compress(content, mtime=0))
