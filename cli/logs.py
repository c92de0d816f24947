"""`tradeloom logs`: what the processes wrote."""

from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import TextIO

import click

from cli import options
from cli.problem import Problem
from local.logfile import tail
from local.paths import Paths

POLL_S = 0.2


@click.command()
@click.argument("service", required=False)
@options.data_dir
@click.option("-f", "--follow", is_flag=True, help="Go on showing what is written; Ctrl-C ends it.")
@click.option(
    "-n", "--lines", type=click.IntRange(0), default=20, show_default=True, help="How many of the last lines."
)
def logs(service: str | None, paths: Paths, follow: bool, lines: int) -> None:
    """Show the last lines of one component's log, or of all."""
    files = _files(paths, service)
    width = max(len(file.stem) for file in files)
    for file in files:
        for line in tail(file, lines):
            click.echo(_prefixed(file, line, width if len(files) > 1 else 0))
    if follow:
        for file, line in _written(files):
            click.echo(_prefixed(file, line, width if len(files) > 1 else 0))


def _files(paths: Paths, service: str | None) -> list[Path]:
    known = sorted(paths.log("any").parent.glob("*.log"))
    if not known:
        raise Problem(f"no logs in {paths.data_dir}; start the system with: tradeloom up")
    if service is None:
        return known
    if paths.log(service) not in known:
        raise click.UsageError(f"no log of {service!r}; there are: {', '.join(file.stem for file in known)}")
    return [paths.log(service)]


def _prefixed(file: Path, line: str, width: int) -> str:
    return f"{file.stem:<{width}} | {line}" if width else line


def _written(files: list[Path]) -> Iterator[tuple[Path, str]]:
    """Give every line that is written from now on, also to a log that is started anew."""
    opened = {file: _at_end(file) for file in files}
    while True:
        for file, reader in opened.items():
            for line in reader:
                yield file, line.rstrip("\n")
            if _was_replaced(file, reader):
                reader.close()
                opened[file] = file.open(errors="replace")
        sleep(POLL_S)


def _at_end(file: Path) -> TextIO:
    reader = file.open(errors="replace")
    reader.seek(0, 2)
    return reader


def _was_replaced(file: Path, reader: TextIO) -> bool:
    try:
        return file.stat().st_size < reader.tell()
    except OSError:
        return False
