"""Checks a Kubernetes resource as the API server would: structural schema, unknown fields, list keys, CEL rules."""

import copy
import functools
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import celpy
import jsonschema
from celpy import celtypes
from celpy.adapter import json_to_cel

Schema = dict[str, Any]

_FILE = Path(__file__).parent / "schemas" / "istio-crds.json.gz"
_CEL = celpy.Environment()


def load() -> dict[str, Schema]:
    """The schemas by `apiVersion/kind`."""
    return json.loads(gzip.decompress(_FILE.read_bytes()))  # type: ignore[no-any-return]


def errors(resource: dict[str, Any], schemas: dict[str, Schema]) -> list[str]:
    """What is wrong with the resource; nothing when the API server would take it."""
    name = f"{resource.get('apiVersion')}/{resource.get('kind')}"
    if name not in schemas:
        return [f"there is no schema for {name}"]
    value = copy.deepcopy(resource)
    _set_defaults(schemas[name], value)
    validator = jsonschema.Draft7Validator(_closed(name, schemas))
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
    for path, schema, part in _walk("$", schemas[name], value):
        found += [f"{path}: {text}" for text in (*_duplicates(schema, part), *_broken_rules(schema, part))]
    return found


def _closed(name: str, schemas: dict[str, Schema]) -> Schema:
    """The structural schema as a JSON schema that refuses every field it does not name."""
    schema = _closed_part(copy.deepcopy(schemas[name]))
    common = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    schema["properties"].update(common)
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    return schema


def _closed_part(node: Schema) -> Schema:
    if node.pop("x-kubernetes-int-or-string", False):
        node.pop("type", None)
        node.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    if node.get("nullable") and isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
    if "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        node.setdefault("additionalProperties", False)
    node.pop("format", None)
    for child in _children(node):
        _closed_part(child)
    return node


def _children(node: Schema) -> list[Schema]:
    others = [node[key] for key in ("items", "additionalProperties") if isinstance(node.get(key), dict)]
    return [*node.get("properties", {}).values(), *others]


def _walk(path: str, schema: Schema, value: Any) -> Iterator[tuple[str, Schema, Any]]:
    """Every part of the value that has a schema, with it."""
    yield path, schema, value
    if isinstance(value, dict):
        for key, item in value.items():
            below = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if isinstance(below, dict):
                yield from _walk(f"{path}.{key}", below, item)
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _walk(f"{path}[{index}]", schema["items"], item)


def _set_defaults(schema: Schema, value: Any) -> None:
    if isinstance(value, dict):
        for key, below in schema.get("properties", {}).items():
            if key not in value and "default" in below:
                value[key] = copy.deepcopy(below["default"])
            if key in value:
                _set_defaults(below, value[key])
    elif isinstance(value, list):
        for item in value:
            _set_defaults(schema.get("items", {}), item)


def _duplicates(schema: Schema, value: Any) -> list[str]:
    if schema.get("x-kubernetes-list-type") not in ("map", "set") or not isinstance(value, list):
        return []
    keys = schema.get("x-kubernetes-list-map-keys")
    names = [json.dumps([item.get(key) for key in keys] if keys else item) for item in value]
    return [f"duplicate {name}" for name in names if names.count(name) > 1]


def _broken_rules(schema: Schema, value: Any) -> list[str]:
    rules = [rule for rule in schema.get("x-kubernetes-validations", []) if "oldSelf" not in rule["rule"]]
    return [rule.get("message", rule["rule"]) for rule in rules if not _holds(rule["rule"], value)]


def _holds(rule: str, value: Any) -> bool:
    try:
        return bool(compiled(rule).evaluate({"self": json_to_cel(value)}))
    except celpy.CELEvalError:
        return False  # as at the API server: a rule that fails to evaluate refuses the resource


@functools.cache
def compiled(rule: str) -> celpy.Runner:
    """The program of a CEL rule."""
    functions = {"isURL": _is_url, "url": _url, "getScheme": _scheme, "substring": _substring}
    return _CEL.program(_CEL.compile(rule), functions=functions)


def _is_url(text: Any) -> celtypes.BoolType:
    return celtypes.BoolType(bool(urlsplit(str(text)).scheme))


def _url(text: Any) -> celtypes.StringType:
    return celtypes.StringType(text)


def _scheme(url: Any) -> celtypes.StringType:
    return celtypes.StringType(urlsplit(str(url)).scheme)


def _substring(text: Any, start: Any, end: Any = None) -> celtypes.StringType:
    return celtypes.StringType(str(text)[int(start) : None if end is None else int(end)])
