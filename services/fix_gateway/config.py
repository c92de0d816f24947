"""Configuration of the FIX gateway."""

from dataclasses import dataclass
from pathlib import Path

from services.kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class FixGatewayConfig(ServiceConfig):
    """`FIX_GATEWAY_*`. The store folder keeps the sessions' sequence numbers and must survive restarts."""

    providers_file: Path
    store_dir: Path
    reference_address: str
