"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.problem import Exit, Problem
from local.paths import Paths, default_data_dir
from local.ports import DEFAULT_BASE, Ports
from local.state import SystemState, running

F = TypeVar("F", bound=Callable[..., Any])


def data_dir(command: F) -> F:
    """Add --data-dir; the command gets `paths`."""
    return click.option(
        "--data-dir",
        "paths",
        envvar="TRADELOOM_DATA_DIR",
        callback=lambda _context, _parameter, value: Paths(Path(value).resolve() if value else default_data_dir()),
        help="Where the system keeps its data.  [default: a folder in /var/tmp that belongs to this clone]",
    )(command)


def port_base(command: F) -> F:
    """Add --port-base; the command gets `ports`."""
    return click.option(
        "--port-base",
        "ports",
        type=click.IntRange(1024, 65_000),
        default=DEFAULT_BASE,
        show_default=True,
        envvar="TRADELOOM_PORT_BASE",
        callback=lambda _context, _parameter, value: Ports(value),
        help="The first of its ports.",
    )(command)


def require_running(paths: Paths) -> SystemState:
    """Return the state of the running system, or say that there is none."""
    state = running(paths)
    if state is None:
        raise Problem("no system runs here; start one with: tradeloom up", Exit.UNAVAILABLE)
    return state
