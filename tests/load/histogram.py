"""Latencies in buckets that grow by 1 %: a fixed size whatever the count, and exact enough at every quantile."""

import math
from dataclasses import dataclass, field

_GROWTH = math.log(1.01)
_SMALLEST_S = 1e-6
_BUCKETS = 2_048  # 1 µs × 1.01^2048 is 700 s.


@dataclass
class Histogram:
    """Counts durations in seconds. Two can be added; a quantile is at most 1 % above the truth."""

    counts: list[int] = field(default_factory=lambda: [0] * _BUCKETS)
    count: int = 0
    total: float = 0.0
    highest: float = 0.0

    def record(self, seconds: float) -> None:
        """Counts one; what is below a microsecond, or negative, counts as a microsecond."""
        bucket = 0 if seconds <= _SMALLEST_S else math.ceil(math.log(seconds / _SMALLEST_S) / _GROWTH)
        self.counts[min(bucket, _BUCKETS - 1)] += 1
        self.count += 1
        self.total += seconds
        if seconds > self.highest:
            self.highest = seconds

    def quantile(self, part: float) -> float:
        """The duration that `part` of all did not exceed, in seconds; 0 when there is none."""
        if not self.count:
            return 0.0
        wanted = max(1, math.ceil(part * self.count))
        seen = 0
        for bucket, count in enumerate(self.counts):
            seen += count
            if seen >= wanted:
                return min(_SMALLEST_S * math.exp(bucket * _GROWTH), self.highest)
        return self.highest

    def add(self, other: "Histogram") -> None:
        """Takes in what another one counted."""
        self.counts = [mine + its for mine, its in zip(self.counts, other.counts, strict=True)]
        self.count += other.count
        self.total += other.total
        self.highest = max(self.highest, other.highest)

    @property
    def mean(self) -> float:
        """The average, in seconds."""
        return self.total / self.count if self.count else 0.0

    def milliseconds(self) -> dict[str, float]:
        """What a report shows."""
        shown = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
        return {name: self.quantile(part) * 1000 for name, part in shown.items()} | {"max": self.highest * 1000}
