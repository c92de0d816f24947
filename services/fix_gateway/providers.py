"""The providers file, TOML::

[[provider]]
name = "alpha"
host = "127.0.0.1"
port = 7430
sender_comp_id = "TRADELOOM"
target_comp_id = "ALPHA"
sessions = ["quote", "trade"]     # the default; only those that are wanted
quote_sub_id = "QUOTE"            # 50 and 57 on the quote session; the default
trade_sub_id = "TRADE"
heartbeat_s = 10
depth = 0                         # 264; 0 is the full book
reset_on_logon = false            # only where the provider's rules of engagement say so
username = "u"                    # 553 and 554 in the Logon, optional
password_file = "secrets/alpha"   # relative to this file
exclude = ["US500"]               # our symbols that it does not have

[provider.symbols.XAUUSD]         # only symbols that are written differently there
name = "GOLD"
price_multiplier = "1"            # their price × this is ours
quantity_multiplier = "100"       # their quantity × this is in units of the base
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from services.fix_gateway.domain.provider import Provider, SessionKind, SymbolDialect
from services.kit.config import ConfigError

_TEXTS = ("host", "sender_comp_id", "target_comp_id")
_KEYS = {
    "name",
    "port",
    "sessions",
    "quote_sub_id",
    "trade_sub_id",
    "heartbeat_s",
    "depth",
    "reset_on_logon",
    "username",
    "password_file",
    "exclude",
    "symbols",
    *_TEXTS,
}
_SUB_IDS = {"quote": (SessionKind.QUOTE, "QUOTE"), "trade": (SessionKind.TRADE, "TRADE")}


def read_providers(path: Path) -> list[Provider]:
    """Reads the file. Raises `ConfigError` with the provider and what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"providers file {path}: {error}") from None
    tables = document.get("provider", [])
    if set(document) != {"provider"} or not isinstance(tables, list):
        raise ConfigError(f"providers file {path}: it must hold [[provider]] tables and nothing else")
    providers: list[Provider] = []
    for number, table in enumerate(tables, start=1):
        try:
            providers.append(_provider(table, path.parent))
        except (ValueError, TypeError, OSError, InvalidOperation) as error:
            name = table.get("name", number) if isinstance(table, dict) else number
            raise ConfigError(f"providers file {path}: provider {name}: {error}") from None
    names = [provider.name for provider in providers]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"providers file {path}: provider {min(twice)} stands there twice")
    return providers


def _provider(table: Mapping[str, Any], folder: Path) -> Provider:
    if unknown := sorted(set(table) - _KEYS):
        raise ValueError(f"unknown key {unknown[0]}; known are {', '.join(sorted(_KEYS))}")
    password_file = _text(table, "password_file", "")
    return Provider(
        name=_name(_text(table, "name")),
        host=_text(table, "host"),
        port=_number(table, "port", None, 1, 65_535),
        sender_comp_id=_text(table, "sender_comp_id"),
        target_comp_id=_text(table, "target_comp_id"),
        sub_ids=_sub_ids(table),
        heartbeat_s=_number(table, "heartbeat_s", 10, 1, 3600),
        depth=_number(table, "depth", 0, 0, 1000),
        reset_on_logon=_flag(table, "reset_on_logon"),
        username=_text(table, "username", ""),
        password=(folder / password_file).read_text(encoding="utf-8").strip() if password_file else "",
        symbols={symbol: _dialect(symbol, values) for symbol, values in dict(table.get("symbols", {})).items()},
        excluded=frozenset(str(symbol) for symbol in table.get("exclude", [])),
    )


def _name(name: str) -> str:
    if not (name.isascii() and name.replace("_", "").isalnum() and name == name.lower()):
        raise ValueError("name must be a lower-case word")
    return name


def _text(table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if value is None:
        raise ValueError(f"{key} is missing")
    # What ends up in a FIX message or in QuickFIX's settings must not be able to add a field or a line.
    if not isinstance(value, str) or not value.isprintable() or "=" in value:
        raise ValueError(f"{key} must be a text without = and control characters")
    return value


def _number(table: Mapping[str, Any], key: str, default: int | None, lowest: int, highest: int) -> int:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise ValueError(f"{key} must be a number from {lowest} to {highest}")
    return value


def _flag(table: Mapping[str, Any], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false")
    return value


def _sub_ids(table: Mapping[str, Any]) -> dict[SessionKind, str]:
    wanted = table.get("sessions", list(_SUB_IDS))
    if not isinstance(wanted, list) or not wanted or not set(wanted) <= set(_SUB_IDS):
        raise ValueError("sessions must name quote, trade or both")
    return {_SUB_IDS[name][0]: _text(table, f"{name}_sub_id", _SUB_IDS[name][1]) for name in wanted}


def _dialect(symbol: str, values: Mapping[str, Any]) -> SymbolDialect:
    if unknown := sorted(set(values) - {"name", "price_multiplier", "quantity_multiplier"}):
        raise ValueError(f"symbol {symbol}: unknown key {unknown[0]}")
    multipliers = [Decimal(str(values.get(key, "1"))) for key in ("price_multiplier", "quantity_multiplier")]
    if not all(value.is_finite() and value > 0 for value in multipliers):
        raise ValueError(f"symbol {symbol}: multipliers must be above 0")
    return SymbolDialect(_text(values, "name", symbol), *multipliers)
