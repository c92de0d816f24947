"""Configuration of reference."""

from dataclasses import dataclass

from services.kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class ReferenceConfig(ServiceConfig):
    """Where the data is. With an owner's URL the schema is migrated at the start."""

    postgres_url: str
    postgres_owner_url: str = ""
