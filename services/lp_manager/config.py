"""Configuration of lp_manager."""

from dataclasses import dataclass

from services.kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class LpManagerConfig(ServiceConfig):
    """Where prices and instruments come from, and how long a provider may be silent on a symbol."""

    fix_gateway_address: str
    reference_address: str
    provider_stale_ms: int = 3000
