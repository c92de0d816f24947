"""The command."""

import time

import click

from cli import options
from cli.demo.reply import Unavailable, Wrong
from cli.demo.report import Report
from cli.demo.scenario import Visitor, play
from cli.places import urls
from cli.problem import Exit
from local.paths import Paths
from local.ports import Ports
from local.state import running


@click.command()
@options.data_dir
@click.option("--gateway", default="", help="The gateway; that of the running system by default.")
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
def demo(paths: Paths, gateway: str, stream: str, username: str, password: str, someone_else: str, output: str) -> int:
    """Trade as a client would, and check every figure.

    Exits with 1 when anything is wrong and says what; with 4 when the system does not answer.
    """
    report = Report(quiet=output == "json")
    started = time.monotonic()
    code = Exit.OK
    try:
        play(Visitor(gateway or running_gateway(paths), username, password, someone_else, stream), report)
    except Wrong as wrong:
        report.faults.append(str(wrong))
    except Unavailable as unavailable:
        report.faults.append(f"the system does not answer: {unavailable}. Is it up? (`tradeloom up`)")
        code = Exit.UNAVAILABLE
    report.conclude(time.monotonic() - started)
    return code or (Exit.REFUSED if report.faults else Exit.OK)


def running_gateway(paths: Paths) -> str:
    """The gateway of the system that runs on this data directory; where it usually is when none does."""
    state = running(paths)
    return urls(Ports(state.port_base) if state else Ports())["rest"]
