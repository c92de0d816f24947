"""Configuration of stream."""

from dataclasses import dataclass

from services.kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class StreamConfig(ServiceConfig):
    """Where clients connect, which web pages may, and where things come from."""

    websocket_address: str
    bus_url: str
    oms_address: str
    lp_manager_address: str
    reference_address: str
    identity_address: str
    issuer: str
    # Origins of web pages that may connect; programs, which send no Origin, always may.
    origins: tuple[str, ...] = ()
    connections_max: int = 15_000
