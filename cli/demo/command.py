"""The command."""

import sys
import time
from pathlib import Path

import click

from cli.demo.reply import Unavailable, Wrong
from cli.demo.report import Report
from cli.demo.scenario import Visitor, play
from local import state
from local.paths import Paths, default_data_dir
from local.ports import HOST, Ports

GATEWAY = "http://127.0.0.1:7400"
WRONG, UNAVAILABLE = 1, 4


@click.command()
@click.option("--gateway", default="", help="The gateway; that of the running system, else " + GATEWAY + ".")
@click.option("--data-dir", type=click.Path(path_type=Path), default=default_data_dir, show_default="of this clone")
@click.option("--stream", default="", help="The WebSocket; the one that comes with the ticket by default.")
@click.option("--username", default="trader1@demo.tradeloom.example", show_default=True)
@click.option("--password", default="demo-trader-1", show_default=True)
@click.option(
    "--someone-else",
    default="018f4a00-0000-7000-8000-000000002001",
    show_default=True,
    help="An account of another user, to be refused.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def demo(
    gateway: str, data_dir: Path, stream: str, username: str, password: str, someone_else: str, output: str
) -> None:
    """Trade as a client would, and check every figure.

    Exits with 1 when anything is wrong and says what; with 4 when the system does not answer.
    """
    report = Report(quiet=output == "json")
    started = time.monotonic()
    status = 0
    try:
        play(Visitor(gateway or running_gateway(data_dir), username, password, someone_else, stream), report)
    except Wrong as wrong:
        report.faults.append(str(wrong))
    except Unavailable as unavailable:
        report.faults.append(f"the system does not answer: {unavailable}. Is it up? (`tradeloom up`)")
        status = UNAVAILABLE
    report.conclude(time.monotonic() - started)
    sys.exit(status or (WRONG if report.faults else 0))


def running_gateway(data_dir: Path) -> str:
    """The gateway of the system that runs on this data directory; the usual one when none does."""
    running = state.running(Paths(data_dir))
    return f"http://{HOST}:{Ports(running.port_base).gateway}" if running else GATEWAY
