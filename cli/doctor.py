"""`tradeloom doctor`: what on this machine would keep the system from running, and how to get it."""

import click
from rich.console import Console

from cli import options
from cli.problem import Exit
from local.doctor import Verdict, examine
from local.paths import Paths
from local.ports import Ports
from local.state import running

MARKS = {Verdict.OK: ("✔", "green"), Verdict.WARNING: ("!", "yellow"), Verdict.BLOCKS: ("✘", "red")}


@click.command()
@options.data_dir
@options.port_base
def doctor(paths: Paths, ports: Ports) -> int:
    """Check this machine. Exit code 1 when something is missing that the system cannot do without."""
    state = running(paths)
    if state:
        ports = Ports(state.port_base)
    findings = list(examine(paths, ports, is_running=state is not None))
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        mark, colour = MARKS[finding.verdict]
        console.print(f"[{colour}]{mark}[/] {finding.check:<15} {finding.found}", markup=True)
        if finding.remedy and finding.verdict is not Verdict.OK:
            console.print(f"  {'':<15} → {finding.remedy}")
    return Exit.REFUSED if any(finding.verdict is Verdict.BLOCKS for finding in findings) else Exit.OK
