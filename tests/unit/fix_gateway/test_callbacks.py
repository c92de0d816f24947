"""The guards around QuickFIX's callbacks. An exception that leaves one would end the process."""

import asyncio

import pytest
import quickfix as fix

from services.fix_gateway.callbacks import Callbacks, Inbox
from services.fix_gateway.domain.provider import Provider, SessionKey, SessionKind
from services.fix_gateway.ports import EventKind
from services.fix_gateway.sessions import QuickFixSessions, market_data_request
from services.kernel.errors import EngineError

QUOTE = SessionKey("alpha", SessionKind.QUOTE)
TRADE = SessionKey("alpha", SessionKind.TRADE)
ALPHA = Provider(
    name="alpha",
    host="127.0.0.1",
    port=1,
    sender_comp_id="TRADELOOM",
    target_comp_id="ALPHA",
    sub_ids={SessionKind.QUOTE: "QUOTE", SessionKind.TRADE: "TRADE"},
    username="me",
    password="s3cret",
)


class SessionId:
    """What QuickFIX names a session with."""

    def __init__(self, name):
        self.name = name

    def toString(self):
        return self.name


QUOTE_ID, TRADE_ID = SessionId("Q"), SessionId("T")


class MemoryInbox:
    """Keeps the events."""

    def __init__(self):
        self.events = []

    def put(self, session, kind, raw=""):
        self.events.append((session, kind, raw))


class Explosive:
    """A message that fails whatever is done with it."""

    def __getattr__(self, name):
        raise RuntimeError("boom")


@pytest.fixture
def inbox():
    return MemoryInbox()


@pytest.fixture
def callbacks(inbox):
    return Callbacks({"Q": (QUOTE, ALPHA), "T": (TRADE, ALPHA)}, inbox)


def message(kind, **header):
    made = fix.Message()
    made.getHeader().setField(35, kind)
    for tag, value in header.items():
        made.getHeader().setField(int(tag[1:]), value)
    return made


@pytest.mark.parametrize("name", ["toAdmin", "fromAdmin", "toApp", "fromApp"])
def test_exception_in_a_callback_stays_inside_and_is_counted(callbacks, inbox, name):
    getattr(callbacks, name)(Explosive(), QUOTE_ID)
    assert callbacks.failure_count >= 1


@pytest.mark.parametrize("name", ["onLogon", "onLogout", "onCreate"])
def test_callback_of_an_unknown_session_stays_inside(callbacks, inbox, name):
    getattr(callbacks, name)(SessionId("who"))
    assert inbox.events == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_failed_inbox_stays_inside_whatever_it_raises(callbacks, inbox, error):
    def explode(*_):
        raise error

    inbox.put = explode
    callbacks.fromApp(message("X"), QUOTE_ID)
    assert callbacks.failure_count == 2


def test_failed_callback_puts_the_message_on_record(callbacks, inbox):
    wanted = inbox.put
    calls = []

    def fail_once(*event):
        calls.append(event)
        if len(calls) == 1:
            raise RuntimeError("once")
        wanted(*event)

    inbox.put = fail_once
    callbacks.fromApp(message("X"), QUOTE_ID)
    ((session, kind, raw),) = inbox.events
    assert (session, kind) == (QUOTE, EventKind.FAILED)
    assert "35=X" in raw


def test_application_message_is_handed_on_as_text(callbacks, inbox):
    callbacks.fromApp(message("X", _34="7"), QUOTE_ID)
    ((session, kind, raw),) = inbox.events
    assert (session, kind) == (QUOTE, EventKind.MESSAGE)
    assert isinstance(raw, str)
    assert "\x0135=X\x0134=7\x01" in raw


def test_logon_and_logout_are_events_once(callbacks, inbox):
    callbacks.onLogon(QUOTE_ID)
    assert callbacks.is_logged_on(QUOTE)
    callbacks.onLogout(QUOTE_ID)
    callbacks.onLogout(QUOTE_ID)
    assert not callbacks.is_logged_on(QUOTE)
    assert [kind for _, kind, _ in inbox.events] == [EventKind.UP, EventKind.DOWN]


@pytest.mark.parametrize("kind", ["D", "F", "G"])
def test_order_is_never_sent_a_second_time(callbacks, kind):
    callbacks.onLogon(TRADE_ID)
    callbacks.toApp(message(kind), TRADE_ID)
    with pytest.raises(fix.DoNotSend):
        callbacks.toApp(message(kind, _43="Y"), TRADE_ID)
    callbacks.toApp(message(kind, _43="N"), TRADE_ID)


def test_other_message_may_be_sent_a_second_time(callbacks):
    callbacks.onLogon(QUOTE_ID)
    callbacks.toApp(message("V", _43="Y"), QUOTE_ID)
    assert callbacks.failure_count == 0


@pytest.mark.parametrize("kind", ["D", "V"])
def test_nothing_is_sent_while_logged_out(callbacks, kind):
    with pytest.raises(fix.DoNotSend):
        callbacks.toApp(message(kind), TRADE_ID)
    callbacks.onLogon(TRADE_ID)
    callbacks.toApp(message(kind), TRADE_ID)
    callbacks.onLogout(TRADE_ID)
    with pytest.raises(fix.DoNotSend):
        callbacks.toApp(message(kind), TRADE_ID)


def test_every_message_gets_the_sub_ids_of_its_session(callbacks):
    callbacks.onLogon(QUOTE_ID)
    out, logon = message("V"), message("A")
    callbacks.toApp(out, QUOTE_ID)
    callbacks.toAdmin(logon, TRADE_ID)
    assert (out.getHeader().getField(50), out.getHeader().getField(57)) == ("QUOTE", "QUOTE")
    assert (logon.getHeader().getField(50), logon.getHeader().getField(57)) == ("TRADE", "TRADE")


def test_only_the_logon_carries_the_password(callbacks):
    logon, heartbeat = message("A"), message("0")
    callbacks.toAdmin(logon, QUOTE_ID)
    callbacks.toAdmin(heartbeat, QUOTE_ID)
    assert (logon.getField(553), logon.getField(554)) == ("me", "s3cret")
    assert not heartbeat.isSetField(554)


def test_our_reject_and_their_gap_fill_are_events(callbacks, inbox):
    callbacks.onLogon(QUOTE_ID)
    callbacks.toAdmin(message("3"), QUOTE_ID)
    callbacks.toApp(message("j"), QUOTE_ID)
    callbacks.fromAdmin(message("4"), QUOTE_ID)
    callbacks.fromAdmin(message("3"), QUOTE_ID)
    callbacks.fromAdmin(message("0"), QUOTE_ID)
    assert [kind for _, kind, _ in inbox.events[1:]] == [
        EventKind.REFUSED,
        EventKind.REFUSED,
        EventKind.GAP,
        EventKind.REJECTED,
    ]


async def test_inbox_carries_events_from_other_threads_in_order_and_in_batches():
    done = asyncio.Event()
    batches = []

    def take(events):
        batches.append(list(events))
        if sum(map(len, batches)) == 1000:
            done.set()

    inbox = Inbox(asyncio.get_running_loop(), take)

    def produce():
        for number in range(1000):
            inbox.put(QUOTE, EventKind.MESSAGE, str(number))

    await asyncio.to_thread(produce)
    async with asyncio.timeout(5):
        await done.wait()
    assert [event.raw for batch in batches for event in batch] == [str(number) for number in range(1000)]
    moments = [event.received_us for batch in batches for event in batch]
    assert moments == sorted(moments)


async def test_send_to_a_session_that_is_not_up_is_an_error_and_queues_nothing(tmp_path):
    sessions = QuickFixSessions([ALPHA], tmp_path, lambda events: None)
    with pytest.raises(EngineError) as caught:
        sessions.send(QUOTE, market_data_request("r", "1", "EURUSD", 0))
    assert caught.value.reason == "FIX_SESSION_DOWN"
    assert caught.value.metadata == {"provider": "alpha", "session": "quote"}


def test_market_data_request_has_what_the_standard_requires():
    text = market_data_request("EURUSD.1", "1", "EUR/USD", 5).toString().replace("\x01", "|")
    for part in (
        "|35=V|",
        "|262=EURUSD.1|",
        "|263=1|",
        "|264=5|",
        "|265=1|",
        "|267=2|269=0|269=1|",
        "|146=1|55=EUR/USD|",
    ):
        assert part in text
