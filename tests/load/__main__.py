"""Loads a running system and prints what it measured, beside what the machine allows.

Exits with 1 when something was lost, doubled or refused that should not be, with 4 when no system runs. A target that
is missed is shown and does not fail the run, unless `--strict` is given.
"""

import os
import sys
from pathlib import Path

# Children are made while gRPC is in use; they only ever exec.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import click
import uvloop

from local.paths import default_data_dir
from tests.load import accounts, quotes
from tests.load.report import Results
from tests.load.scenarios import Bench, Options
from tests.load.system import NotRunningError, running

SCENARIOS = ("orders-rest", "orders-grpc", "quotes")
WRONG, NOT_RUNNING = 1, 4


@click.command(help=__doc__)
@click.argument("scenario", type=click.Choice([*SCENARIOS, "all"]), default="all")
@click.option("--seconds", default=60.0, show_default=True, help="How long each rate is measured.")
@click.option("--rate", default=0.0, help="Another rate than the usual ones, orders a second.")
@click.option("--clients", default=quotes.CLIENTS, show_default=True, help="WebSocket clients.")
@click.option("--conflate-ms", default=quotes.CONFLATE_MS, show_default=True, help="What the clients ask for.")
@click.option("--floors/--no-floors", default=True, help="Measure the floors and the naive stack too.")
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
    system = running(data_dir)
    account_ids = await accounts.prepare(system, account_count)
    bench = Bench(system, options, results, account_ids)
    steps = {"orders-rest": bench.orders_rest, "orders-grpc": bench.orders_grpc, "quotes": bench.quotes}
    for name, step in steps.items():
        if scenario in (name, "all"):
            click.echo(f"\n{name}")
            await step()


if __name__ == "__main__":
    main()
