"""Configuration of router."""

from dataclasses import dataclass

from services.kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class RouterConfig(ServiceConfig):
    """Where the rules are, and how often they are read. With an owner's URL the schema is migrated at the start."""

    postgres_url: str
    postgres_owner_url: str = ""
    refresh_s: float = 1.0
