"""Renders the configuration of the local gateway: REST, gRPC and gRPC-Web in, gRPC to client_api out."""

import json
from pathlib import Path
from typing import IO

import click

from mesh.local.cluster import client_api
from mesh.local.envoy_json import Json, extension, socket
from mesh.local.listener import listener
from mesh.local.methods import public_methods
from mesh.local.settings import GatewaySettings

__all__ = ["GatewaySettings", "render"]

# The rest of the admin interface can stop the process and read its memory: no page in a browser may reach that.
_ADMIN_PATHS = ("/ready", "/server_info", "/clusters", "/listeners", "/memory", "/stats", "/reopen_logs")


def render(settings: GatewaySettings) -> str:
    """The configuration of Envoy 1.40, as JSON."""
    public = public_methods(settings.descriptor_set)
    configuration = {
        "node": {"id": "gateway", "cluster": "gateway"},
        "admin": _admin(settings),
        "overload_manager": _overload(settings),
        "static_resources": {"listeners": [listener(settings, public)], "clusters": [client_api(settings)]},
    }
    return json.dumps(configuration, indent=2) + "\n"


def _admin(settings: GatewaySettings) -> Json:
    paths = [{"prefix": path} for path in _ADMIN_PATHS]
    return {"address": socket(settings.host, settings.admin_port), "allow_paths": paths}


def _overload(settings: GatewaySettings) -> Json:
    monitor = extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=settings.connections_max,
    )
    return {"resource_monitors": [monitor]}


_FILE = click.Path(path_type=Path)
_DEFAULTS = GatewaySettings(descriptor_set=Path("gen/tradeloom.binpb"), jwks=Path("jwks.json"))


@click.command(help=__doc__)
@click.option("--descriptor-set", type=_FILE, default=_DEFAULTS.descriptor_set, show_default=True)
@click.option("--jwks", type=_FILE, required=True, help="The public keys of identity, a JWK set.")
@click.option("--host", default=_DEFAULTS.host, show_default=True)
@click.option("--port", default=_DEFAULTS.port, show_default=True)
@click.option("--admin-port", default=_DEFAULTS.admin_port, show_default=True)
@click.option("--client-api-address", default=_DEFAULTS.client_api_address, show_default=True)
@click.option("--issuer", default=_DEFAULTS.issuer, show_default=True)
@click.option("--audience", default=_DEFAULTS.audience, show_default=True)
@click.option("--allowed-origin", "allowed_origins", multiple=True, help="A web origin that may call; repeat for more.")
@click.option("--access-log", type=_FILE, help="Where calls are written down; nowhere by default.")
@click.option("--requests-per-second", default=_DEFAULTS.requests_per_second, show_default=True)
@click.option("--connections-max", default=_DEFAULTS.connections_max, show_default=True)
@click.option("--output", type=click.File("w"), default="-", help="The file to write; the standard output by default.")
def main(output: IO[str], **settings: object) -> None:
    """Write the configuration."""
    output.write(render(GatewaySettings(**settings)))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
