"""What happened, line by line, and what was wrong."""

import json
from dataclasses import dataclass, field
from typing import Any

import click

from cli.demo.reply import Reply, Wrong


@dataclass
class Report:
    """The lines of a run. A check that fails is noted and the run goes on; `Wrong` ends it."""

    quiet: bool = False
    steps: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    checks: int = 0

    def did(self, what: str, ms: float | None = None, attempts: int = 1) -> None:
        """Something was done."""
        again = f"  ({attempts} attempts)" if attempts > 1 else ""
        self._line("done", what + again, ms)

    def check(self, right: bool, what: str, ms: float | None = None) -> None:
        """Something is to be right; says what was looked at, either way."""
        self.checks += 1
        if not right:
            self.faults.append(what)
        self._line("ok" if right else "wrong", what, ms)

    def equal(self, what: str, told: object, computed: object) -> None:
        """Two figures are to be the same."""
        right = told == computed
        self.check(right, f"{what} {told}" if right else f"{what.rstrip(':')}: told {told}, should be {computed}")

    def good(self, what: str, reply: Reply) -> Reply:
        """A call is to succeed; nothing goes on without it."""
        if not reply.ok:
            self.check(False, f"{what}: {reply}")
            raise Wrong(f"{what} failed")
        return reply

    def conclude(self, seconds: float) -> None:
        """Says how it went."""
        if self.quiet:
            result = {"ok": not self.faults, "checks": self.checks, "faults": self.faults, "seconds": round(seconds, 3)}
            click.echo(json.dumps({**result, "steps": self.steps}, indent=2))
            return
        click.echo()
        for fault in self.faults:
            click.secho(f"WRONG  {fault}", fg="red")
        verdict = (
            f"{len(self.faults)} faults in {self.checks} checks" if self.faults else f"all {self.checks} checks hold"
        )
        click.secho(f"{verdict}, {seconds:.1f} s", fg="red" if self.faults else "green", bold=True)

    def title(self, text: str) -> None:
        """A new part begins."""
        self.steps.append({"kind": "part", "what": text})
        if not self.quiet:
            click.secho(f"\n{text}", bold=True)

    def _line(self, kind: str, what: str, ms: float | None) -> None:
        step: dict[str, Any] = {"kind": kind, "what": what}
        if ms is not None:
            step["ms"] = round(ms, 3)
        self.steps.append(step)
        if self.quiet:
            return
        mark, colour = {"done": ("→", None), "ok": ("✔", "green"), "wrong": ("✘", "red")}[kind]
        timing = "" if ms is None else click.style(f"  {ms:.1f} ms", dim=True)
        click.echo(f"  {click.style(mark, fg=colour)} {what}{timing}")
