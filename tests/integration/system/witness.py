"""Sees every quote of the aggregated book when it comes, and so knows how old those were that orders were filled at."""

import threading
from bisect import bisect_left
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Self

import grpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as pb
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as rpc

from services.kernel.clock import utc_now
from tests.integration.system.running import RunningSystem

# Of every instrument: reference's `quote_age_ms_max`.
AGE_MAX = timedelta(seconds=5)
AGAIN_S = 0.05


class QuoteWitness:
    """Follows the quotes from lp_manager itself, through its deaths."""

    def __init__(self, system: RunningSystem) -> None:
        self._system = system
        self._seen: dict[tuple[str, int], list[tuple[int, datetime]]] = defaultdict(list)
        self._stopping = threading.Event()
        self._call: Any = None
        self._thread = threading.Thread(target=self._follow, name="quote witness")
        self._since = utc_now()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._call is not None:
            self._call.cancel()
        self._thread.join()

    def _follow(self) -> None:
        with grpc.insecure_channel(self._system.ports.address("lp_manager")) as channel:
            while not self._stopping.is_set():
                self._call = rpc.QuoteServiceStub(channel).WatchQuotes(pb.WatchQuotesRequest())
                try:
                    for message in self._call:
                        self._take(message)
                except grpc.RpcError:
                    self._stopping.wait(AGAIN_S)

    def _take(self, message: pb.WatchQuotesResponse) -> None:
        now = utc_now()
        for quote in message.quotes:
            self._seen[quote.symbol, quote.epoch].append((quote.sequence, now))

    def assert_no_fill_was_stale(self) -> None:
        """No fill since the beginning was made at a quote that is proven to have been too old by then."""
        fills = self._system.rows("SELECT symbol, quote_id, quote_age_us, at FROM fill WHERE at >= $1", self._since)
        assert fills
        ages = [age for fill in fills if (age := self._age(fill)) is not None]
        assert ages, "no quote that was filled was seen"
        assert max(ages) <= AGE_MAX
        assert all(timedelta(microseconds=fill["quote_age_us"]) <= AGE_MAX for fill in fills)

    def _age(self, fill: Any) -> timedelta | None:
        """How old the quote was at least: it was made before it, or any later one, was seen."""
        epoch, sequence = map(int, fill["quote_id"].split("-"))
        seen = self._seen.get((fill["symbol"], epoch), [])
        at = bisect_left(seen, sequence, key=lambda entry: entry[0])
        return fill["at"] - seen[at][1] if at < len(seen) else None
