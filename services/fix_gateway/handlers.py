"""Use cases: what comes from the sessions becomes books; what is missing is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.fix_gateway.domain.market import Listing, Market, same_symbols
from services.fix_gateway.domain.parse import request_id, text_of
from services.fix_gateway.domain.provider import Provider, SessionKey, SessionKind, SessionState
from services.fix_gateway.ports import Books, EventKind, FixSessions, Quarantine, SessionEvent, Units
from services.kernel.clock import Now
from services.kernel.errors import EngineError

_ODD_BYTES = "surrogateescape"


@dataclass(slots=True)
class _Quoting:
    """A provider's market and what it lists."""

    provider: Provider
    market: Market
    listings: dict[str, Listing] = field(default_factory=dict)


class Gateway:
    """All providers. Lives on one event loop; every call is short."""

    def __init__(
        self, providers: Iterable[Provider], sessions: FixSessions, books: Books, quarantine: Quarantine, now: Now
    ) -> None:
        providers = list(providers)
        self.states = {key: SessionState(key) for provider in providers for key in provider.sessions()}
        self._quoting = {
            provider.name: _Quoting(provider, Market(provider.name))
            for provider in providers
            if SessionKind.QUOTE in provider.sub_ids
        }
        self._sessions = sessions
        self._books = books
        self._quarantine = quarantine
        self._now = now

    def on_events(self, events: Sequence[SessionEvent]) -> None:
        """Takes what happened, oldest first. Books are published once, as they stand after all of it."""
        touched: dict[str, _Quoting] = {}
        for event in events:
            quoting = self._take(event)
            if quoting is not None:
                touched[event.session.provider] = quoting
        for quoting in touched.values():
            self._settle(quoting, events[-1].received_us)

    def on_instruments(self, units: Iterable[Units], now_us: int) -> None:
        """Takes the instruments, the first time and whenever they may have changed."""
        units = list(units)
        for quoting in self._quoting.values():
            listings = quoting.provider.listings(units)
            if not same_symbols(listings, quoting.listings):
                quoting.listings = listings
                quoting.market.relist(listings.values(), now_us)
                self._settle(quoting, now_us)

    def on_time(self, now_us: int) -> None:
        """To be called a few times a second: subscriptions that were not answered are sent again."""
        for quoting in self._quoting.values():
            self._settle(quoting, now_us)

    def _take(self, event: SessionEvent) -> _Quoting | None:
        state = self.states[event.session]
        quoting = self._quoting.get(event.session.provider) if event.session.kind is SessionKind.QUOTE else None
        match event.kind:
            case EventKind.MESSAGE:
                state.received_count += 1
                self._message(event, quoting)
            case EventKind.UP | EventKind.DOWN:
                self._turn(state, event.kind is EventKind.UP, quoting, event.received_us)
            case EventKind.GAP:
                if quoting is not None:
                    quoting.market.withdraw(event.received_us)
            case EventKind.REJECTED:
                self._refuse(event, f"the provider rejected a message: {text_of(_bytes(event.raw), 58)}")
            case EventKind.REFUSED | EventKind.FAILED:
                self._refuse(event, event.kind.name.lower())
                if quoting is not None:
                    quoting.market.lost(event.kind.name.lower(), event.received_us)
        return quoting

    def _turn(self, state: SessionState, logged_on: bool, quoting: _Quoting | None, now_us: int) -> None:
        state.logged_on, state.change_time = logged_on, self._now()
        if quoting is not None:
            quoting.market.withdraw(now_us)
            if logged_on:
                quoting.market.open(now_us)

    def _message(self, event: SessionEvent, quoting: _Quoting | None) -> None:
        raw = _bytes(event.raw)
        kind = text_of(raw, 35)
        if quoting is not None and kind in ("W", "X"):
            reason = quoting.market.receive(raw, event.received_us)
            if reason:
                self._refuse(event, reason)
        elif quoting is not None and kind == "Y":
            symbol = quoting.market.rejected(request_id(raw), event.received_us)
            self._refuse(event, f"market data of {symbol or 'an unknown request'} rejected: {text_of(raw, 58)}")
        else:
            # No order is sent in this release, so no report is expected: whatever comes is for a person to look at.
            self._refuse(event, "unexpected_message")

    def _refuse(self, event: SessionEvent, reason: str) -> None:
        self.states[event.session].refused_count += 1
        self._quarantine.put(event.session, reason, event.raw)

    def _settle(self, quoting: _Quoting, now_us: int) -> None:
        """Publishes what changed and subscribes what is due."""
        if books := quoting.market.changes():
            self._books.publish(books)
        if not self.states[SessionKey(quoting.provider.name, SessionKind.QUOTE)].logged_on:
            return
        for request in quoting.market.requests(now_us):
            try:
                self._sessions.subscribe(quoting.provider.name, request)
            except EngineError:
                return  # Logged out this very moment: the next logon subscribes everything.


def _bytes(raw: str) -> bytes:
    return raw.encode("utf-8", _ODD_BYTES)
