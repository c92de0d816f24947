"""The results: a Markdown table with the ratios, or JSON."""

import json
import platform
from dataclasses import dataclass, field
from pathlib import Path

from tests.load.run import Figures

_HEAD = (
    "| run | offered/s | done/s | p50 ms | p99 ms | p99.9 ms | max ms | CPU µs/order (above idle) | generator µs "
    "| late p99 ms | not filled | target |"
)
_RULE = "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|"


@dataclass
class Results:
    """All figures of one invocation."""

    rows: list[Figures] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, *figures: Figures) -> None:
        """Takes in rows, and shows them at once: a run is long."""
        for row in figures:
            print(f"  {line(row)}", flush=True)
            self.rows.append(row)

    def note(self, text: str) -> None:
        """Something to be said beside the table."""
        print(f"  {text}", flush=True)
        self.notes.append(text)

    def fault(self, text: str) -> None:
        """Something wrong."""
        print(f"  WRONG {text}", flush=True)
        self.faults.append(text)

    def find(self, name: str) -> Figures | None:
        """The row of that name."""
        return next((row for row in self.rows if row.name == name), None)

    def markdown(self) -> str:
        """The whole report."""
        rows = [_HEAD, _RULE, *map(line, self.rows)]
        lists = [f"- {text}" for text in [machine(), *self.notes, *(f"WRONG: {fault}" for fault in self.faults)]]
        return "\n".join(["", *rows, "", *lists, ""])

    def write_json(self, file: Path) -> None:
        """The same for programs."""
        told = {"machine": machine(), "rows": [row.as_json() for row in self.rows]}
        file.write_text(json.dumps({**told, "notes": self.notes, "faults": self.faults}, indent=2) + "\n")


def line(row: Figures) -> str:
    """One row of the table."""
    latency = " | ".join(f"{row.latency[name]:.2f}" for name in ("p50", "p99", "p99.9", "max"))
    cpu = f"{row.cpu_us:.0f} ({row.cpu_above_idle_us:.0f})" if row.cpu_us else ""
    own = f"{row.generator_us:.0f}" if row.generator_us else ""
    late = f"{row.lag_p99:.2f}" if row.lag_p99 else ""
    offered = f"{row.offered:.0f}" if row.offered else ""
    lost = f"{row.unfilled}" + (f" +{row.unanswered} unanswered" if row.unanswered else "") if row.filled else ""
    target = f"{row.target}: {'met' if row.met else 'MISSED'}" if row.target else ""
    reasons = " ".join(f"{reason}×{count}" for reason, count in row.reasons.items())
    cells = [row.name, offered, f"{row.achieved:.0f}", latency, cpu, own, late, f"{lost} {reasons}".strip(), target]
    return f"| {' | '.join(cells)} |"


def judged(row: Figures, p99_ms: float, rate: float) -> Figures:
    """The row, with whether it reached its target."""
    row.target = f"{rate:.0f}/s, p99 < {p99_ms:g} ms"
    row.met = row.latency["p99"] < p99_ms and row.achieved >= rate * 0.98 and not row.unanswered
    return row


def ratio(what: str, over: float, under: float) -> str:
    """How often one goes into the other."""
    return f"{what}: {over / under:.1f}×" if under else f"{what}: not measured"


def shares(used: dict[str, float], digits: int = 0) -> str:
    """Who used how much, the greediest first; what rounds to nothing is left out."""
    greedy = sorted(used.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {amount:.{digits}f}" for name, amount in greedy if round(amount, digits))


def machine() -> str:
    """What it ran on."""
    models = [text for text in Path("/proc/cpuinfo").read_text().splitlines() if text.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    return f"{len(models) or 1} × {model}, Linux {platform.release()}, Python {platform.python_version()}"
