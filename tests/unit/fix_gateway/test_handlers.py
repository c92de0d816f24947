"""Use cases, over fakes."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.fix_gateway.domain.provider import Provider, SessionKey, SessionKind
from services.fix_gateway.handlers import Gateway
from services.fix_gateway.ports import EventKind, SessionEvent
from services.kernel.errors import EngineError, Kind

S = 1_000_000
NOW = datetime(2026, 11, 23, tzinfo=UTC)
QUOTE = SessionKey("alpha", SessionKind.QUOTE)
TRADE = SessionKey("alpha", SessionKind.TRADE)
UNITS = [("EURUSD", 5, Decimal(100_000)), ("USDJPY", 3, Decimal(100_000))]
BOOK = [("b1", 0, "1.08000", 100000), ("a1", 1, "1.08010", 200000)]


class MemorySessions:
    """Remembers the subscriptions; may be down."""

    def __init__(self):
        self.requests = []
        self.down = False

    def subscribe(self, provider, request):
        if self.down:
            raise EngineError(Kind.UNAVAILABLE, "FIX_SESSION_DOWN", "down")
        self.requests.append((provider, request))

    def last(self, symbol):
        return [r for _, r in self.requests if r.provider_symbol == symbol][-1].request_id


class MemoryBooks:
    """Keeps every publication."""

    def __init__(self):
        self.published = []

    def publish(self, books):
        self.published.append(list(books))

    def newest(self):
        return {book.symbol: book for books in self.published for book in books}


class MemoryQuarantine:
    """Keeps every message."""

    def __init__(self):
        self.kept = []

    def put(self, session, reason, raw):
        self.kept.append((session, reason))


def provider(name="alpha"):
    return Provider(
        name=name,
        host="h",
        port=1,
        sender_comp_id="TRADELOOM",
        target_comp_id=name.upper(),
        sub_ids={SessionKind.QUOTE: "QUOTE", SessionKind.TRADE: "TRADE"},
    )


class World:
    """A gateway between fakes."""

    def __init__(self):
        self.sessions, self.books, self.quarantine = MemorySessions(), MemoryBooks(), MemoryQuarantine()
        self.gateway = Gateway(
            [provider("alpha"), provider("bravo")], self.sessions, self.books, self.quarantine, lambda: NOW
        )

    def event(self, kind, raw=b"", session=QUOTE, at_us=S):
        self.gateway.on_events([SessionEvent(session, kind, raw.decode("utf-8", "surrogateescape"), at_us)])


@pytest.fixture
def world():
    return World()


@pytest.fixture
def quoting(world, snapshot):
    """Logged on, instruments known, a book of EURUSD shown."""
    world.event(EventKind.UP)
    world.gateway.on_instruments(UNITS, S)
    world.event(EventKind.MESSAGE, snapshot("EURUSD", world.sessions.last("EURUSD"), *BOOK))
    return world


def test_logon_before_the_instruments_are_known_subscribes_when_they_are(world):
    world.event(EventKind.UP)
    assert world.sessions.requests == []
    world.gateway.on_instruments(UNITS, S)
    assert [(p, r.provider_symbol) for p, r in world.sessions.requests] == [("alpha", "EURUSD"), ("alpha", "USDJPY")]


def test_instruments_before_the_logon_are_subscribed_at_logon(world):
    world.gateway.on_instruments(UNITS, S)
    assert world.sessions.requests == []
    world.event(EventKind.UP)
    assert len(world.sessions.requests) == 2


def test_same_instruments_again_change_nothing(quoting):
    before = len(quoting.sessions.requests)
    quoting.gateway.on_instruments(UNITS, 2 * S)
    assert len(quoting.sessions.requests) == before
    assert not quoting.books.newest()["EURUSD"].is_empty


def test_changed_digits_withdraw_and_subscribe_anew(quoting):
    quoting.gateway.on_instruments([("EURUSD", 4, Decimal(100_000))], 9 * S)
    assert quoting.books.newest()["EURUSD"].is_empty
    assert quoting.sessions.requests[-1][1].ended_request_id


def test_trade_logon_subscribes_nothing(world):
    world.gateway.on_instruments(UNITS, S)
    world.event(EventKind.UP, session=TRADE)
    assert world.sessions.requests == []
    assert world.gateway.states[TRADE].logged_on


def test_snapshot_is_published(quoting):
    book = quoting.books.newest()["EURUSD"]
    assert (book.provider, book.bids) == ("alpha", ((108_000, 100),))
    assert quoting.gateway.states[QUOTE].received_count == 1
    assert quoting.gateway.states[QUOTE].refused_count == 0


def test_many_events_at_once_publish_each_book_once(quoting, increment):
    before = len(quoting.books.published)
    raws = [increment((1, 0, "b1", "EURUSD", f"1.0800{n}", 100000)).decode() for n in range(1, 6)]
    quoting.gateway.on_events([SessionEvent(QUOTE, EventKind.MESSAGE, raw, 2 * S) for raw in raws])
    assert len(quoting.books.published) == before + 1
    assert quoting.books.newest()["EURUSD"].bids == ((108_005, 100),)


def test_logout_withdraws_at_once_and_is_remembered(quoting):
    quoting.event(EventKind.DOWN, at_us=2 * S)
    assert quoting.books.newest()["EURUSD"].is_empty
    state = quoting.gateway.states[QUOTE]
    assert (state.logged_on, state.change_time) == (False, NOW)


def test_logout_of_the_trade_session_leaves_the_quotes(quoting):
    quoting.event(EventKind.DOWN, session=TRADE)
    assert not quoting.books.newest()["EURUSD"].is_empty


def test_gap_withdraws_and_subscribes_anew(quoting):
    before = len(quoting.sessions.requests)
    quoting.event(EventKind.GAP, at_us=10 * S)
    assert quoting.books.newest()["EURUSD"].is_empty
    assert len(quoting.sessions.requests) > before


def test_message_that_did_not_fit_the_dictionary_withdraws_and_counts(quoting, raw):
    quoting.event(EventKind.REFUSED, raw("3", "45=9|58=Value is incorrect|"), at_us=10 * S)
    assert quoting.books.newest()["EURUSD"].is_empty
    assert quoting.gateway.states[QUOTE].refused_count == 1
    assert quoting.quarantine.kept == [(QUOTE, "refused")]


def test_poison_message_is_quarantined_and_the_next_one_is_taken(quoting, raw, snapshot):
    quoting.event(EventKind.MESSAGE, raw("X", "268=x|279=\xff|"), at_us=10 * S)
    assert quoting.quarantine.kept == [(QUOTE, "entry_count")]
    assert quoting.books.newest()["EURUSD"].is_empty
    quoting.event(EventKind.MESSAGE, snapshot("EURUSD", quoting.sessions.last("EURUSD"), *BOOK), at_us=11 * S)
    assert not quoting.books.newest()["EURUSD"].is_empty


def test_market_data_reject_is_counted_with_its_symbol(quoting, raw):
    quoting.event(EventKind.MESSAGE, raw("Y", f"262={quoting.sessions.last('USDJPY')}|281=0|58=no such symbol|"))
    ((session, reason),) = quoting.quarantine.kept
    assert session == QUOTE
    assert "USDJPY" in reason
    assert "no such symbol" in reason


@pytest.mark.parametrize(("session", "kind"), [(QUOTE, "8"), (TRADE, "8"), (TRADE, "W")])
def test_unexpected_message_is_quarantined(quoting, raw, session, kind):
    quoting.event(EventKind.MESSAGE, raw(kind, "268=0|"), session=session)
    assert quoting.quarantine.kept == [(session, "unexpected_message")]
    assert quoting.gateway.states[session].refused_count == 1


def test_failed_callback_counts_as_a_lost_message(quoting):
    quoting.event(EventKind.FAILED, b"whatever")
    assert quoting.books.newest()["EURUSD"].is_empty
    assert quoting.quarantine.kept == [(QUOTE, "failed")]


def test_rejected_message_of_ours_is_on_record(quoting, raw):
    quoting.event(EventKind.REJECTED, raw("3", "45=2|58=no|"), session=TRADE)
    assert quoting.quarantine.kept == [(TRADE, "the provider rejected a message: no")]


def test_subscription_while_the_session_goes_down_waits_for_the_next_logon(world):
    world.gateway.on_instruments(UNITS, S)
    world.sessions.down = True
    world.event(EventKind.UP)
    world.sessions.down = False
    world.event(EventKind.DOWN)
    world.event(EventKind.UP, at_us=2 * S)
    assert len(world.sessions.requests) == 2


def test_time_sends_unanswered_subscriptions_again(world):
    world.gateway.on_instruments(UNITS, S)
    world.event(EventKind.UP)
    world.gateway.on_time(3 * S)
    assert len(world.sessions.requests) == 2
    world.gateway.on_time(7 * S)
    assert len(world.sessions.requests) == 4
