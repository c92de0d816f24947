"""`tradeloom up`: start the system and say where it is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import sleep
from typing import Any

import click

from cli import options
from cli.places import summary
from cli.problem import Exit, Problem
from local.launch import Launch, launch
from local.paths import DataDirError, Paths
from local.ports import Ports
from local.progress import Progress
from local.providers import RATE
from local.state import Phase, SystemState, running

OTHER_START_S = 90.0
POLL_S = 0.1


@click.command()
@options.data_dir
@options.port_base
@click.option("--fresh", is_flag=True, help="Remove all data of this system first.")
@click.option("--foreground", is_flag=True, help="Stay attached; Ctrl-C stops everything in order.")
@click.option(
    "--provider-rate",
    type=click.FloatRange(1, 100_000),
    help="Quotes a second from each simulated provider, instead of 200: for load runs.",
)
def up(paths: Paths, ports: Ports, fresh: bool, foreground: bool, provider_rate: float | None) -> int:
    """Start everything on this machine.

    PostgreSQL, Redis, three simulated providers, the services and the gateway; then print where they are.
    It goes on in the background; `tradeloom down` stops it.
    """
    state = running(paths)
    if state:
        return _already(paths, state, fresh=fresh)
    _prepare(paths, ports, fresh=fresh)
    if provider_rate:
        os.environ[RATE] = f"{provider_rate:g}"  # the supervisor inherits it
    progress = Progress()
    progress.line(f"starting Tradeloom in {paths.data_dir} (embedded mode: one machine, not for production)")
    started = launch(paths, ports, bound=foreground)
    with _stopping_on_interrupt(started, progress):
        _follow(started, progress)
        _announce(ports, progress, foreground=foreground)
    if foreground:
        with suppress(KeyboardInterrupt), _stopping_on_interrupt(started, progress):  # here the way to end it
            _follow_to_the_end(started, progress)
    return Exit.OK


def _already(paths: Paths, state: SystemState, *, fresh: bool) -> int:
    """Answer a second start."""
    if fresh:
        raise Problem("the system runs; stop it before you remove its data: tradeloom down")
    for _ in range(int(OTHER_START_S / POLL_S)):  # somebody else may be starting it right now
        if state.phase is not Phase.STARTING:
            break
        sleep(POLL_S)
        state = running(paths) or state
    if state.phase is not Phase.READY:
        raise Problem(f"the system is {state.phase} (pid {state.pid}); see: tradeloom status", Exit.UNAVAILABLE)
    click.echo(f"Tradeloom runs already (pid {state.pid}, since {state.since})")
    click.echo("\n".join(summary(Ports(state.port_base))))
    return Exit.OK


def _prepare(paths: Paths, ports: Ports, *, fresh: bool) -> None:
    taken = ports.taken()
    if taken:
        port, use = min(taken.items())
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise Problem(f"port {port} ({use}){more} is in use; choose other ports, for example --port-base 8400")
    try:
        if fresh:
            paths.wipe()
        paths.create()
        paths.check_reachable()
    except (DataDirError, OSError) as error:
        raise Problem(str(error)) from None


@contextmanager
def _stopping_on_interrupt(started: Launch, progress: Progress) -> Iterator[None]:
    """Turn Ctrl-C into a stop in order."""
    try:
        yield
    except KeyboardInterrupt:
        progress.line("stopping …")
        started.stop()
        _follow_to_the_end(started, progress)
        raise


def _follow(started: Launch, progress: Progress) -> None:
    """Show the start until it is done or has failed."""
    for event in started.events():
        kind = event["event"]
        if kind == "component":
            progress.component(event)
        elif kind == "step":
            progress.done(event["name"], event["seconds"])
        elif kind == "failed":
            progress.failed(event)
            _follow_to_the_end(started, progress, quiet=True)
            raise Problem("the system did not start; everything that had started was stopped", Exit.UNAVAILABLE)
        elif kind == "up":
            progress.line(f"ready in {event['seconds']:.1f} s\n")
            return
    raise Problem("the supervisor ended; see its log: tradeloom logs supervisor", Exit.UNAVAILABLE)


def _announce(ports: Ports, progress: Progress, *, foreground: bool) -> None:
    progress.line("\n".join(summary(ports)))
    after = "Ctrl-C stops it" if foreground else "tradeloom down stops it (make down)"
    progress.line(f"\n  next: tradeloom demo (make demo) trades as a client would; tradeloom status; {after}")


def _follow_to_the_end(started: Launch, progress: Progress, *, quiet: bool = False) -> None:
    for event in started.events():
        if event["event"] == "component" and not quiet:
            _show_later(event, progress)
    started.exit_code()


def _show_later(event: dict[str, Any], progress: Progress) -> None:
    if event["condition"] == "stopped":
        progress.line(f"  {event['name']} stopped")
    else:
        progress.component(event)
