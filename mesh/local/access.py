"""Who may call what: tokens before the transcoder, permissions after it.

The permission check stands after the transcoder because there REST, gRPC-Web and gRPC calls all carry the path of the
RPC: one rule holds for the three. Before it, a REST path would slip past a rule that names an RPC.
"""

from mesh.local import methods
from mesh.local.envoy_json import Json, extension
from mesh.local.methods import Method
from mesh.local.settings import GatewaySettings

REST_PREFIX = "/v1/"
RPC_PREFIX = f"/{methods.PACKAGE}."

TRADER = "trader"

_JWT_FILTER = "envoy.filters.http.jwt_authn"
_CLAIMS = "claims"


def jwt_filter(settings: GatewaySettings, public: list[Method]) -> Json:
    """Demands a good token on every call, except on those that the contracts make public."""
    provider = {
        "issuer": settings.issuer,
        "audiences": [settings.audience],
        "local_jwks": {"filename": str(settings.jwks)},
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        "forward": True,  # client_api checks the token again: the gateway is not its only guard.
        "payload_in_metadata": _CLAIMS,
        "require_expiration": True,
        "clock_skew_seconds": 5,
        "jwt_cache_config": {"jwt_cache_size": 10_000},
    }
    guarded = [{"match": {"prefix": p}, "requires": {"provider_name": "access"}} for p in (REST_PREFIX, RPC_PREFIX)]
    return extension(
        _JWT_FILTER,
        "extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={"access": provider},
        rules=[{"match": {"path": path}} for path in _public_paths(public)] + guarded,
        bypass_cors_preflight=True,
    )


def permission_filter(public: list[Method]) -> Json:
    """Lets through what the contracts permit the caller, and nothing else."""
    policies = {
        "public": _policy(public, methods.PUBLIC, {"any": True}),
        "logged-in": _policy(public, methods.READ, _claim("sub", {"string_match": {"safe_regex": {"regex": ".+"}}})),
        "trader": _policy(
            public, methods.TRADE, _claim("roles", {"list_match": {"one_of": {"string_match": {"exact": TRADER}}}})
        ),
    }
    rules = {"action": "ALLOW", "policies": {name: policy for name, policy in policies.items() if policy}}
    return extension("envoy.filters.http.rbac", "extensions.filters.http.rbac.v3.RBAC", rules=rules)


def _public_paths(public: list[Method]) -> list[str]:
    paths = [
        path for method in public if method.permission == methods.PUBLIC for path in (method.path, *method.rest_paths)
    ]
    templates = [path for path in paths if "{" in path or "*" in path]
    if templates:
        raise ValueError(f"a method that is public must have a REST path without variables: {templates}")
    return paths


def _policy(public: list[Method], permission: int, principal: Json) -> Json | None:
    paths = [{"url_path": {"path": {"exact": m.path}}} for m in public if m.permission == permission]
    return {"permissions": paths, "principals": [principal]} if paths else None


def _claim(name: str, value: Json) -> Json:
    matcher = {"filter": _JWT_FILTER, "path": [{"key": _CLAIMS}, {"key": name}], "value": value}
    return {"sourced_metadata": {"metadata_source": "DYNAMIC", "metadata_matcher": matcher}}
