"""Configuration of client_api."""

from dataclasses import dataclass

from services.kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class ClientApiConfig(ServiceConfig):
    """Whom it calls, whose tokens it takes, and what one connection may do."""

    oms_address: str
    reference_address: str
    identity_address: str
    lp_manager_address: str
    stream_url: str
    issuer: str = "tradeloom"
    order_timeout_s: float = 5.0
    message_bytes_max: int = 64 * 1024
    streams_per_connection_max: int = 1_000
