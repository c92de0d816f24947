"""Which TCP port everything listens on: fixed distances from one base, all on 127.0.0.1."""

import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
DEFAULT_BASE = 7400
SERVICES = {
    "reference": 10,
    "identity": 11,
    "fix_gateway": 12,
    "lp_manager": 13,
    "router": 14,
    "bbook": 15,
    "oms": 16,
    "client_api": 17,
    "stream": 18,
}
PROVIDERS = {"alpha": 30, "bravo": 31, "charlie": 32}
METRICS = 40  # beyond the service's own port


@dataclass(frozen=True)
class Ports:
    """Every port, by name."""

    base: int = DEFAULT_BASE

    @property
    def gateway(self) -> int:
        """REST, gRPC and gRPC-Web."""
        return self.base

    @property
    def websocket(self) -> int:
        """The stream server's WebSocket."""
        return self.base + 1

    @property
    def envoy_admin(self) -> int:
        """Envoy's own admin pages."""
        return self.base + 2

    def service(self, name: str) -> int:
        """The gRPC port of a service."""
        return self.base + SERVICES[name]

    def metrics(self, name: str) -> int:
        """The Prometheus port of a service."""
        return self.service(name) + METRICS

    def provider(self, name: str) -> int:
        """The FIX port of a simulated provider."""
        return self.base + PROVIDERS[name]

    def address(self, name: str) -> str:
        """The gRPC address of a service."""
        return f"{HOST}:{self.service(name)}"

    def all(self) -> dict[int, str]:
        """Every port with what it is for."""
        named = {self.gateway: "gateway", self.websocket: "WebSocket", self.envoy_admin: "Envoy admin"}
        named |= {self.service(name): name for name in SERVICES}
        named |= {self.metrics(name): f"{name} metrics" for name in SERVICES}
        return named | {self.provider(name): f"provider {name}" for name in PROVIDERS}

    def taken(self) -> dict[int, str]:
        """The ports among them that somebody else listens on."""
        return {port: use for port, use in self.all().items() if not _is_free(port)}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: what a closed connection left behind does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
