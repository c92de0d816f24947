"""The fault script: which orders meet which fate. TOML, the first matching rule wins::

[[rule]]
symbol = "EURUSD"         # all of these conditions are optional
side = "buy"
quantity_min = "1000"     # base units
quantity_max = "500000"
every = 3                 # only every third order that matches
times = 1                 # only so often
action = "reject"         # fill, partial, reject, delay, duplicate, swallow, late, disconnect
reason = 0                # reject: OrdRejReason (103)
text = "no credit"        # reject: Text (58)
parts = ["0.3", "0.7"]    # partial: shares of the quantity, filled one after the other
delay_ms = 250            # delay, late: how long; partial: between the parts
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

ACTIONS = frozenset({"fill", "partial", "reject", "delay", "duplicate", "swallow", "late", "disconnect"})
_SIDES = {"buy": "1", "sell": "2", "": ""}


class ScriptError(Exception):
    """A script that can't be used: which rule, why."""


@dataclass(slots=True)
class Rule:
    """One rule. `seen` and `used` count as orders come."""

    action: str
    symbol: str = ""
    side: str = ""
    quantity_min: Decimal = Decimal(0)
    quantity_max: Decimal = Decimal("1e18")
    every: int = 1
    times: int = 0
    reason: int = 0
    text: str = "rejected by script"
    parts: tuple[Decimal, ...] = (Decimal("0.5"), Decimal("0.5"))
    delay_ms: int = 0
    seen: int = 0
    used: int = 0

    def applies(self, symbol: str, side: str, quantity: Decimal) -> bool:
        """Whether this order meets the rule. Counts it."""
        if self.symbol not in ("", symbol) or self.side not in ("", side):
            return False
        if not self.quantity_min <= quantity <= self.quantity_max:
            return False
        self.seen += 1
        if self.seen % self.every or (self.times and self.used >= self.times):
            return False
        self.used += 1
        return True


_FILL = Rule("fill")
_COUNTERS = ("seen", "used")
_DECIMALS = ("quantity_min", "quantity_max")


class Script:
    """The rules, in order."""

    def __init__(self, rules: list[Rule] | None = None) -> None:
        self._rules = rules or []

    def rule_for(self, symbol: str, side: str, quantity: Decimal) -> Rule:
        """The first rule that applies; without one, the order is simply filled."""
        return next((rule for rule in self._rules if rule.applies(symbol, side, quantity)), _FILL)


def read_script(path: Path) -> Script:
    """Reads a script. Fails with the number of the first bad rule."""
    try:
        document = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path}: {error}") from None
    if set(document) - {"rule"} or not isinstance(document.get("rule", []), list):
        raise ScriptError(f"{path}: only [[rule]] tables are allowed")
    rules: list[Rule] = []
    for number, table in enumerate(document.get("rule", []), start=1):
        try:
            rules.append(_rule(table))
        except (ValueError, TypeError, InvalidOperation) as error:
            raise ScriptError(f"{path}: rule {number}: {error}") from None
    return Script(rules)


def _rule(table: dict[str, Any]) -> Rule:
    known = {field.name for field in fields(Rule)} - set(_COUNTERS)
    if unknown := set(table) - known:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))}")
    if table.get("action") not in ACTIONS:
        raise ValueError(f"action must be one of {', '.join(sorted(ACTIONS))}")
    values = dict(table)
    for key in _DECIMALS:
        if key in values:
            values[key] = Decimal(str(values[key]))
    if "parts" in values:
        values["parts"] = tuple(Decimal(str(part)) for part in values["parts"])
        if sum(values["parts"]) > 1 or min(values["parts"]) <= 0:
            raise ValueError("parts must be above 0 and add up to at most 1")
    if values.get("side", "") not in _SIDES:
        raise ValueError("side must be buy or sell")
    values["side"] = _SIDES[values.get("side", "")]
    if values.get("every", 1) < 1:
        raise ValueError("every must be at least 1")
    return Rule(**values)
