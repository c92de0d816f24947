"""The list of providers that the FIX gateway connects to: the simulated ones."""

from pathlib import Path

from local.paths import write_private
from local.ports import HOST, PROVIDERS, Ports

# The environment variable that says how many quotes a second each makes, if not as many as usual: for load runs.
RATE = "TRADELOOM_PROVIDER_RATE"

ENTRY = """
[[provider]]
name = "{name}"
host = "{host}"
port = {port}
sender_comp_id = "TRADELOOM"
target_comp_id = "{target}"
"""


def write(file: Path, ports: Ports) -> None:
    """Write the file anew: the ports may be others than last time."""
    entries = [ENTRY.format(name=name, host=HOST, port=ports.provider(name), target=name.upper()) for name in PROVIDERS]
    write_private(file, "# Written by `tradeloom up` at every start.\n" + "".join(entries))
