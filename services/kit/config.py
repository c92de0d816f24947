"""Configuration: the environment → one frozen dataclass, checked whole before anything starts."""

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T", bound="ServiceConfig")

_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class ConfigError(Exception):
    """The configuration can't be used; the text says which variable and why."""


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """What every service is told. Times in seconds; an empty address or endpoint switches the thing off."""

    address: str
    metrics_address: str = ""
    log_level: str = "info"
    drain_s: float = 0.5
    grace_s: float = 5.0
    otlp_endpoint: str = ""


def load(cls: type[T], prefix: str, environ: Mapping[str, str] = os.environ) -> T:
    """Reads `cls` from the variables `<PREFIX>_<FIELD>`.

    Refuses unknown variables with the prefix, missing ones and wrong values: `ConfigError`.
    """
    stem = prefix.upper() + "_"
    known = {stem + field.name.upper(): field for field in fields(cls)}
    unknown = sorted(name for name in environ if name.startswith(stem) and name not in known)
    if unknown:
        raise ConfigError(f"unknown variable {unknown[0]}; known are {', '.join(sorted(known))}")
    hints = get_type_hints(cls)
    values = {}
    for name, field in known.items():
        if name in environ:
            values[field.name] = _parse(name, hints[field.name], environ[name])
        elif _required(field):
            raise ConfigError(f"variable {name} is missing")
    return cls(**values)


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _parse(name: str, kind: Any, text: str) -> Any:
    parser = _PARSERS.get(kind)
    if parser is None:
        raise ConfigError(f"variable {name} has a type that can't be configured: {kind}")
    try:
        return parser(text)
    except (ValueError, KeyError, InvalidOperation):
        wanted = getattr(kind, "__name__", str(kind))
        raise ConfigError(f"variable {name} must be of type {wanted}, was {text!r}") from None


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    bool: lambda text: _TRUTH[text.lower()],
    Path: Path,
    Decimal: Decimal,
    tuple[str, ...]: lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
}
