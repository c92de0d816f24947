"""What is counted."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Statistics:
    """Counts since the start, and of now."""

    connection_count: int = 0
    quote_subscriber_count: int = 0
    account_count: int = 0
    sent_frame_count: int = 0
    slow_close_count: int = 0
    gap_count: int = 0
    close_counts: dict[int, int] = field(default_factory=dict)

    def closed(self, code: int) -> None:
        """A connection was closed by us."""
        self.close_counts[code] = self.close_counts.get(code, 0) + 1
