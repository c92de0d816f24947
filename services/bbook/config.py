"""Configuration of bbook."""

from dataclasses import dataclass

from services.kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class BbookConfig(ServiceConfig):
    """Where quotes and instruments come from."""

    lp_manager_address: str
    reference_address: str
