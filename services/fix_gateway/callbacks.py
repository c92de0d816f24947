"""What QuickFIX calls, on its own threads.

Its binding ends the process on any exception that leaves a callback, and owns the messages it hands in. So every
callback is guarded whole, takes the text of the message and nothing else, and leaves the work to the event loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Protocol

import quickfix as fix

from services.fix_gateway.domain.provider import Provider, SessionKey
from services.fix_gateway.ports import EventKind, SessionEvent
from services.kernel.clock import monotonic_us

MSG_TYPE, SENDER_SUB_ID, TARGET_SUB_ID, POSS_DUP, USERNAME, PASSWORD = 35, 50, 57, 43, 553, 554
_REJECT, _SEQUENCE_RESET, _LOGON, _BUSINESS_REJECT = "3", "4", "A", "j"
# Orders, cancels and replaces: what was not acted on then must not be acted on now.
NEVER_AGAIN = frozenset("DFG")


class Inbox:
    """Carries events from QuickFIX's threads to the event loop, waking it once for as many as there are."""

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[Sequence[SessionEvent]], None]) -> None:
        self._loop = loop
        self._take = take
        self._events: deque[SessionEvent] = deque()
        self._woken = False

    def put(self, session: SessionKey, kind: EventKind, raw: str = "") -> None:
        """Leaves an event; from any thread."""
        self._events.append(SessionEvent(session, kind, raw, monotonic_us()))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._woken = False  # Before taking: an event that comes now either is taken below or wakes again.
        events = []
        while self._events:
            events.append(self._events.popleft())
        if events:
            self._take(events)


class _Callbacks(Protocol):
    def failed(self, session_id: Any, *arguments: Any) -> None: ...


def guarded(callback: Callable[..., None]) -> Callable[..., None]:
    """Lets nothing out but QuickFIX's own DoNotSend, which is an answer."""

    @wraps(callback)
    def guard(self: _Callbacks, *arguments: Any) -> None:
        try:
            callback(self, *arguments)
        except fix.DoNotSend:
            raise
        except BaseException:
            self.failed(arguments[-1], *arguments[:-1])

    return guard


class Callbacks(fix.Application):  # type: ignore[misc]
    """The application that QuickFIX's initiators talk to."""

    def __init__(self, sessions: Mapping[str, tuple[SessionKey, Provider]], inbox: Inbox) -> None:
        super().__init__()
        self._sessions = sessions
        self._inbox = inbox
        self._logged_on: set[SessionKey] = set()
        self.failure_count = 0

    def failed(self, session_id: Any, *arguments: Any) -> None:
        """A callback failed: put on record what it was called with, and live on."""
        self.failure_count += 1
        try:
            raw = arguments[0].toString() if arguments else ""
            self._inbox.put(self._sessions[session_id.toString()][0], EventKind.FAILED, raw)
        except BaseException:
            self.failure_count += 1  # Nothing is left to try; the count is on the metrics page.

    @guarded
    def onCreate(self, session_id: Any) -> None:
        """A session exists now."""

    @guarded
    def onLogon(self, session_id: Any) -> None:
        """A session is logged on."""
        key = self._key(session_id)
        self._logged_on.add(key)
        self._inbox.put(key, EventKind.UP)

    @guarded
    def onLogout(self, session_id: Any) -> None:
        """A session is logged out, or its connection is gone."""
        key = self._key(session_id)
        if key in self._logged_on:  # It is also called when a logon never succeeded.
            self._logged_on.discard(key)
            self._inbox.put(key, EventKind.DOWN)

    @guarded
    def toAdmin(self, message: Any, session_id: Any) -> None:
        """A session message is about to be sent."""
        key, provider = self._sessions[session_id.toString()]
        header = message.getHeader()
        self._address(header, key, provider)
        kind = header.getField(MSG_TYPE)
        if kind == _LOGON and provider.username:
            message.setField(USERNAME, provider.username)
            message.setField(PASSWORD, provider.password)
        elif kind == _REJECT:
            self._inbox.put(key, EventKind.REFUSED, message.toString())

    @guarded
    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """A session message came."""
        kind = message.getHeader().getField(MSG_TYPE)
        if kind == _SEQUENCE_RESET:
            self._inbox.put(self._key(session_id), EventKind.GAP)
        elif kind == _REJECT:
            self._inbox.put(self._key(session_id), EventKind.REJECTED, message.toString())

    @guarded
    def toApp(self, message: Any, session_id: Any) -> None:
        """An application message is about to be sent, for the first time or again."""
        key, provider = self._sessions[session_id.toString()]
        header = message.getHeader()
        kind = header.getField(MSG_TYPE)
        if kind in NEVER_AGAIN and header.isSetField(POSS_DUP) and header.getField(POSS_DUP) == "Y":
            raise fix.DoNotSend()  # QuickFIX then fills the gap.
        if key not in self._logged_on:
            raise fix.DoNotSend()  # QuickFIX would number and keep it, and the provider get it after the next logon.
        self._address(header, key, provider)
        if kind == _BUSINESS_REJECT:
            self._inbox.put(key, EventKind.REFUSED, message.toString())

    @guarded
    def fromApp(self, message: Any, session_id: Any) -> None:
        """An application message came. The hot one."""
        self._inbox.put(self._sessions[session_id.toString()][0], EventKind.MESSAGE, message.toString())

    def is_logged_on(self, key: SessionKey) -> bool:
        """Whether the session is logged on."""
        return key in self._logged_on

    def _key(self, session_id: Any) -> SessionKey:
        return self._sessions[session_id.toString()][0]

    @staticmethod
    def _address(header: Any, key: SessionKey, provider: Provider) -> None:
        sub_id = provider.sub_ids[key.kind]
        if sub_id:
            header.setField(SENDER_SUB_ID, sub_id)
            header.setField(TARGET_SUB_ID, sub_id)
