import json
from pathlib import Path

import pytest

from tests.load.report import Results, judged, line
from tests.load.run import Figures


def figures(p99: float = 9.0, achieved: float = 100.0, unanswered: int = 0) -> Figures:
    latency = {"p50": 1.0, "p99": p99, "p99.9": 20.0, "max": 30.0}
    return Figures("REST", 100.0, achieved, latency, filled=1_000, unanswered=unanswered, cpu_us=900.0)


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (figures(), True),
        (figures(p99=50.0), False),
        (figures(achieved=90.0), False),
        (figures(unanswered=1), False),
    ],
)
def test_a_target_is_met_by_latency_rate_and_every_answer(row: Figures, met: bool) -> None:
    assert judged(row, p99_ms=50.0, rate=100.0).met is met
    assert ("MISSED" in line(row)) is not met


def test_every_row_has_a_cell_for_every_head() -> None:
    results = Results(rows=[figures(), Figures("floor", 0.0, 5.0, figures().latency)])
    table = [text for text in results.markdown().splitlines() if text.startswith("|")]
    assert len({text.count("|") for text in table}) == 1


def test_the_json_holds_what_the_table_holds(tmp_path: Path) -> None:
    results = Results(rows=[figures()], notes=["a note"], faults=["1 lost"])
    results.write_json(tmp_path / "out.json")
    told = json.loads((tmp_path / "out.json").read_text())
    assert told["rows"][0]["latency"]["p99"] == 9.0
    assert (told["notes"], told["faults"]) == (["a note"], ["1 lost"])
