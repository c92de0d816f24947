"""The two shapes that Envoy's configuration repeats everywhere."""

from typing import Any

Json = dict[str, Any]


def typed(message: str, **fields: Any) -> Json:
    """A `google.protobuf.Any` in JSON: the message's name without `envoy.`, and its fields."""
    return {"@type": f"type.googleapis.com/envoy.{message}", **fields}


def extension(name: str, message: str, **fields: Any) -> Json:
    """One named extension (filter, logger, …) with its configuration."""
    return {"name": name, "typed_config": typed(message, **fields)}


def socket(host: str, port: int) -> Json:
    """A TCP address."""
    return {"socket_address": {"address": host, "port_value": port}}
