"""`tradeloom status`: how every process stands, where the system is, who may log in."""

import dataclasses
import json
import shlex
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from cli import options
from cli.places import logins, summary, urls
from cli.problem import Exit
from local.paths import Paths
from local.ports import Ports
from local.state import Condition, Phase, SystemState
from services.kernel.clock import utc_now

COLOURS = {Condition.READY: "green", Condition.STOPPED: "red"}


@click.command()
@options.data_dir
@click.option("-o", "--output", type=click.Choice(["table", "json", "env"]), default="table", show_default=True)
def status(paths: Paths, output: str) -> int:
    """Show what runs and where. Exit code 4 when nothing runs or not everything is ready."""
    state = options.require_running(paths)
    show = {"table": _table, "json": _json, "env": _env}[output]
    show(state)
    whole = state.phase is Phase.READY and all(part.condition is Condition.READY for part in state.components)
    return Exit.OK if whole else Exit.UNAVAILABLE


def _table(state: SystemState) -> None:
    console = Console(width=None if Console().is_terminal else 120)
    console.print(f"Tradeloom is {state.phase} (pid {state.pid}, up {uptime(state.since)}) in {state.data_dir}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("component", "pid", "state", "uptime", "restarts", "address"):
        table.add_column(column, justify="right" if column in ("pid", "uptime", "restarts") else "left")
    for part in state.components:
        colour = COLOURS.get(part.condition, "yellow")
        pid, age = (str(part.pid), uptime(part.since)) if part.pid else ("-", "-")
        condition = f"[{colour}]{part.condition}[/]"
        table.add_row(part.name, pid, condition, age, str(part.restarts), part.address)
    console.print(table)
    console.print("\n" + "\n".join(summary(Ports(state.port_base))), highlight=False)


def _json(state: SystemState) -> None:
    document = dataclasses.asdict(state)
    document["urls"] = urls(Ports(state.port_base))
    document["logins"] = logins()
    click.echo(json.dumps(document, indent=2))


def _env(state: SystemState) -> None:
    doors = urls(Ports(state.port_base))
    first = logins()[0]
    values = {
        "TRADELOOM_REST_URL": doors["rest"],
        "TRADELOOM_GRPC_ADDRESS": doors["grpc"],
        "TRADELOOM_WEBSOCKET_URL": doors["websocket"],
        "TRADELOOM_USERNAME": first["username"],
        "TRADELOOM_PASSWORD": first["password"],
        "TRADELOOM_DATA_DIR": state.data_dir,
        "TRADELOOM_PORT_BASE": str(state.port_base),
    }
    for name, value in values.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def uptime(since: str) -> str:
    """Return how long ago a moment was, as people say it."""
    seconds = int((utc_now() - datetime.fromisoformat(since)).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
