"""What differs from one gateway to another."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """Where the gateway listens, what it stands before, and how much it lets in. Port 0 lets the system choose."""

    descriptor_set: Path
    jwks: Path
    host: str = "127.0.0.1"
    port: int = 7400
    admin_port: int = 7402
    client_api_address: str = "127.0.0.1:7417"
    issuer: str = "tradeloom"
    audience: str = "client"
    allowed_origins: tuple[str, ...] = ()
    access_log: Path | None = None
    requests_per_second: int = 10_000
    connections_max: int = 4_096
