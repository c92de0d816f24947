"""Counters of the sessions, read when somebody asks and costing nothing before."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.fix_gateway.domain.provider import SessionState

_LABELS = ["provider", "session"]


class SessionCollector(Collector):
    """The sessions as Prometheus metrics."""

    def __init__(self, sessions: Callable[[], Sequence[SessionState]], failures: Callable[[], int]) -> None:
        self._sessions = sessions
        self._failures = failures

    def collect(self) -> Iterator[Metric]:
        """What Prometheus reads."""
        received = CounterMetricFamily("fix_messages_received", "Application messages received.", labels=_LABELS)
        refused = CounterMetricFamily("fix_messages_refused", "Messages that could not be used.", labels=_LABELS)
        up = GaugeMetricFamily("fix_session_up", "Whether the session is logged on.", labels=_LABELS)
        for state in self._sessions():
            labels = [state.key.provider, state.key.kind.name.lower()]
            received.add_metric(labels, state.received_count)
            refused.add_metric(labels, state.refused_count)
            up.add_metric(labels, int(state.logged_on))
        yield from (received, refused, up)
        yield CounterMetricFamily("fix_callback_failures", "Callbacks that failed.", value=self._failures())
