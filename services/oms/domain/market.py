"""What deciding knows of the market: instruments, conditions and the quotes of one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from services.kernel.conversion import Flow, Pairs, Quotes, conversion_rate
from services.kernel.instrument import Instrument
from services.kernel.margin import effective_rate


@dataclass(frozen=True, slots=True)
class Terms:
    """Instruments and trading conditions, as last read. `leverages` are by group."""

    instruments: Mapping[str, Instrument]
    leverages: Mapping[str, int]
    pairs: Pairs
    _margin_rates: dict[tuple[str, str], Decimal] = field(default_factory=dict, compare=False)

    def margin_rate(self, instrument: Instrument, group: str) -> Decimal:
        """The part of the notional value that a group must hold; the instrument's own for an unknown group."""
        key = (instrument.symbol, group)
        rate = self._margin_rates.get(key)
        if rate is None:
            leverage = self.leverages.get(group)
            rate = instrument.margin_rate if leverage is None else effective_rate(instrument, leverage)
            self._margin_rates[key] = rate
        return rate


@dataclass(frozen=True, slots=True)
class Market:
    """The terms and the quotes of one moment.

    `fresh` gives quotes that may be traded on; `last` the last known, however old, for valuing what is open while its
    market rests.
    """

    terms: Terms
    fresh: Quotes
    last: Quotes
    quote_id: Callable[[str], str]
    _rates: dict[tuple[str, str, bool, bool], Decimal | None] = field(default_factory=dict, compare=False)

    def fresh_rate(self, source: str, target: str, flow: Flow) -> Decimal | None:
        """The conversion rate by quotes that may be traded on."""
        return self._rate(source, target, flow, True)

    def last_rate(self, source: str, target: str, flow: Flow) -> Decimal | None:
        """The conversion rate by the last quotes known."""
        return self._rate(source, target, flow, False)

    def _rate(self, source: str, target: str, flow: Flow, fresh: bool) -> Decimal | None:
        key = (source, target, flow is Flow.GAIN, fresh)
        if key not in self._rates:
            quotes = self.fresh if fresh else self.last
            self._rates[key] = conversion_rate(source, target, flow, self.terms.pairs, quotes)
        return self._rates[key]
