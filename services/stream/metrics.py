"""The counts as Prometheus metrics, read when they are asked for."""

from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.stream.domain.fanout import Fanout
from services.stream.handlers.statistics import Statistics


class StreamCollector(Collector):
    """Reads the counts."""

    def __init__(self, statistics: Statistics, fanout: Fanout) -> None:
        self._statistics = statistics
        self._fanout = fanout

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment."""
        counted, fanout = self._statistics, self._fanout
        yield GaugeMetricFamily("stream_connections", "Connections open.", counted.connection_count)
        yield GaugeMetricFamily("stream_quote_subscribers", "Clients that get quotes.", counted.quote_subscriber_count)
        yield GaugeMetricFamily("stream_account_subscriptions", "Accounts followed.", counted.account_count)
        yield CounterMetricFamily("stream_sent_frames", "Frames sent.", counted.sent_frame_count)
        yield CounterMetricFamily("stream_quote_frames", "Frames of quotes sent.", fanout.frame_count)
        yield CounterMetricFamily("stream_skipped_frames", "Frames left out for slow readers.", fanout.skip_count)
        yield CounterMetricFamily("stream_account_gaps", "Times that changes had to be fetched.", counted.gap_count)
        closes = CounterMetricFamily("stream_closes", "Connections closed by the server.", labels=["code"])
        for code, count in counted.close_counts.items():
            closes.add_metric([str(code)], count)
        yield closes


def export(statistics: Statistics, fanout: Fanout) -> None:
    """Adds the counts to the process's metrics."""
    REGISTRY.register(StreamCollector(statistics, fanout))
