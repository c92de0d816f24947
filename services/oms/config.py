"""What the order service is told."""

from dataclasses import dataclass

from services.kit.config import ServiceConfig


@dataclass(frozen=True, kw_only=True)
class OmsConfig(ServiceConfig):
    """Addresses of what it calls, where its books are, and how much it works on at once."""

    postgres_url: str
    postgres_owner_url: str = ""
    bus_url: str
    reference_address: str
    router_address: str
    bbook_address: str
    lp_manager_address: str
    # One: with two, batches are half as large and the tail of the latency several times as long.
    writers: int = 1
    batch_max: int = 256
    queue_max: int = 10_000
    queue_age_s_max: float = 0.4
    command_age_s_max: float = 0.5
    cache_accounts: int = 50_000
