"""Loads a system and prints what it measured, beside what the machine allows.

The system that runs on the data directory is taken; when none does, one of its own is started on fresh data and stopped
at the end, once more for the quotes, with providers that quote as fast as is aimed at.

Exits with 1 when something was lost, doubled or refused that should not be, with 4 when no system could be had. A
target that is missed is shown and does not fail the run, unless `--strict` is given.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

# Children are made while gRPC is in use; they only ever exec.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import click
import uvloop

from local.paths import default_data_dir
from tests.load import accounts, quotes
from tests.load.own import own_system
from tests.load.report import Results
from tests.load.scenarios import QUOTES_PER_S, Bench, Options
from tests.load.system import NotRunningError, System, running

ORDERS, QUOTES = ("orders-rest", "orders-grpc"), "quotes"
PROVIDERS = 3
WRONG, NOT_RUNNING = 1, 4


@click.command(help=__doc__)
@click.argument("scenario", type=click.Choice([*ORDERS, QUOTES, "all"]), default="all")
@click.option("--seconds", default=60.0, show_default=True, help="How long each rate is measured.")
@click.option("--rate", default=0.0, help="Another rate than the usual ones, orders a second.")
@click.option("--clients", default=quotes.CLIENTS, show_default=True, help="WebSocket clients.")
@click.option("--conflate-ms", default=quotes.CONFLATE_MS, show_default=True, help="What the clients ask for.")
@click.option("--floors/--no-floors", default=True, help="Measure the naive stack and the floors too.")
@click.option("--accounts", "account_count", default=accounts.COUNT, show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), default=default_data_dir)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as well.")
@click.option("--strict", is_flag=True, help="Fail when a target is missed.")
def main(
    scenario: str,
    seconds: float,
    rate: float,
    clients: int,
    conflate_ms: int,
    floors: bool,
    account_count: int,
    data_dir: Path,
    json_file: Path | None,
    strict: bool,
) -> None:
    """Runs it."""
    options = Options(seconds, rate, clients, conflate_ms, floors)
    results = Results()
    try:
        uvloop.run(_run(scenario, data_dir, options, results, account_count))
    except NotRunningError as error:
        click.echo(str(error), err=True)
        sys.exit(NOT_RUNNING)
    finally:
        if results.rows:
            click.echo(results.markdown())
            if json_file is not None:
                results.write_json(json_file)
    missed = strict and any(row.met is False for row in results.rows)
    sys.exit(WRONG if results.faults or missed else 0)


async def _run(scenario: str, data_dir: Path, options: Options, results: Results, account_count: int) -> None:
    for names, provider_rate in ((ORDERS, None), ((QUOTES,), QUOTES_PER_S * 1.02 / PROVIDERS)):
        wanted = [name for name in names if scenario in (name, "all")]
        if not wanted:
            continue
        async with _system(data_dir, provider_rate) as system:
            bench = Bench(system, options, results, await accounts.prepare(system, account_count))
            for name in wanted:
                click.echo(f"\n{name}")
                await bench.run(name)


@asynccontextmanager
async def _system(data_dir: Path, provider_rate: float | None) -> AsyncIterator[System]:
    """The system that runs, or one of our own."""
    try:
        found = running(data_dir)
    except NotRunningError:
        click.echo("no system runs here: starting one on fresh data")
        async with own_system(provider_rate) as own:
            yield own
    else:
        yield found


if __name__ == "__main__":
    main()
