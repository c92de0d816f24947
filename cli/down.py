"""`tradeloom down`: stop the system."""

import click

from cli import options
from cli.problem import Exit, Problem
from local.launch import StopError, stop
from local.paths import Paths
from local.state import Condition, is_supervised


@click.command()
@options.data_dir
def down(paths: Paths) -> int:
    """Stop everything in order; the data stays."""
    was_running = is_supervised(paths)
    shown: set[str] = set()
    try:
        for state in stop(paths):
            for part in state.components:
                if part.condition is Condition.STOPPED and part.name not in shown:
                    shown.add(part.name)
                    click.echo(f"  {part.name} stopped")
    except StopError as error:
        raise Problem(str(error), Exit.UNAVAILABLE) from None
    click.echo(f"stopped; the data stays in {paths.data_dir}" if was_running else "nothing runs here")
    return Exit.OK
