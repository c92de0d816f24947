"""A provider: where it is, which sessions it has, and how its dialect differs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from services.fix_gateway.domain.market import Listing
from services.fix_gateway.domain.scale import Scale


class SessionKind(IntEnum):
    """What a session carries; the numbers are those of the contract."""

    QUOTE = 1
    TRADE = 2


class SessionKey(NamedTuple):
    """Names a session."""

    provider: str
    kind: SessionKind


@dataclass(slots=True)
class SessionState:
    """One session, as people want to see it."""

    key: SessionKey
    logged_on: bool = False
    change_time: datetime | None = None
    received_count: int = 0
    refused_count: int = 0


@dataclass(frozen=True, slots=True)
class SymbolDialect:
    """How a provider writes one symbol: its price × `price_multiplier` is ours, its quantity × `quantity_multiplier`
    is in units of the base."""

    name: str
    price_multiplier: Decimal = Decimal(1)
    quantity_multiplier: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One liquidity provider."""

    name: str
    host: str
    port: int
    sender_comp_id: str
    target_comp_id: str
    sub_ids: Mapping[SessionKind, str]
    """The sessions, and what stands in their SenderSubID (50) and TargetSubID (57)."""
    heartbeat_s: int = 10
    depth: int = 0
    """MarketDepth (264); 0 asks for the full book."""
    reset_on_logon: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    symbols: Mapping[str, SymbolDialect] = field(default_factory=dict)
    """Only those that are written differently there."""
    excluded: frozenset[str] = frozenset()
    """Our symbols that this provider does not have."""

    def sessions(self) -> list[SessionKey]:
        """Its sessions, quotes first."""
        return [SessionKey(self.name, kind) for kind in sorted(self.sub_ids)]

    def listings(self, units: Iterable[tuple[str, int, Decimal]]) -> dict[str, Listing]:
        """Our instruments (symbol, digits, contract size) in this provider's words."""
        return {
            symbol: self._listing(symbol, digits, contract_size)
            for symbol, digits, contract_size in units
            if symbol not in self.excluded
        }

    def _listing(self, symbol: str, digits: int, contract_size: Decimal) -> Listing:
        dialect = self.symbols.get(symbol) or SymbolDialect(symbol)
        scale = Scale(digits, contract_size, dialect.price_multiplier, dialect.quantity_multiplier)
        return Listing(symbol, dialect.name, scale)
