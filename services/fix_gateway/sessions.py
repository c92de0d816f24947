"""The FIX sessions, by QuickFIX: one initiator for quotes and one for trades, so that no burst delays a fill."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import quickfix as fix

from services.fix_gateway.callbacks import Callbacks, Inbox
from services.fix_gateway.dictionary import write_dictionary
from services.fix_gateway.domain.market import Request
from services.fix_gateway.domain.provider import Provider, SessionKey, SessionKind
from services.fix_gateway.ports import SessionEvent
from services.fix_gateway.settings import BEGIN_STRING, qualifier, settings_text
from services.kernel.errors import EngineError, Kind
from services.kit import telemetry

_LOGOUT_S = 1.5

_log = telemetry.logger(__name__)


class QuickFixSessions:
    """Opens the sessions and sends on them. Lives on the event loop; QuickFIX's threads only meet `Callbacks`."""

    def __init__(
        self, providers: Iterable[Provider], store: Path, take: Callable[[Sequence[SessionEvent]], None]
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._store = store
        self._ids = {key: _session_id(p, key) for p in self._providers.values() for key in p.sessions()}
        names = {session.toString(): (key, self._providers[key.provider]) for key, session in self._ids.items()}
        self.callbacks = Callbacks(names, Inbox(asyncio.get_running_loop(), take))
        self._initiators: list[fix.SocketInitiator] = []
        self._kept: list[Any] = []

    def start(self) -> None:
        """Starts connecting, and goes on for ever."""
        self._store.mkdir(parents=True, exist_ok=True)
        dictionary = write_dictionary(self._store)
        for kind in SessionKind:
            if any(kind in provider.sub_ids for provider in self._providers.values()):
                self._start(kind, dictionary)

    def _start(self, kind: SessionKind, dictionary: Path) -> None:
        path = self._store / f"{kind.name.lower()}.cfg"
        path.write_text(settings_text(self._providers.values(), kind, self._store, dictionary), encoding="utf-8")
        settings = fix.SessionSettings(str(path))
        stores = fix.FileStoreFactory(settings)
        initiator = fix.SocketInitiator(self.callbacks, stores, settings)
        # The C++ side refers to these and does not keep them alive.
        self._kept += [settings, stores]
        self._initiators.append(initiator)
        initiator.start()

    async def stop(self) -> None:
        """Logs out everywhere, waits a moment for the answers, and ends QuickFIX's threads."""
        for session_id in self._ids.values():
            session = fix.Session.lookupSession(session_id)
            if session is not None and session.isLoggedOn():
                session.logout("the engine is going down")
        waited_s = 0.0
        while waited_s < _LOGOUT_S and any(map(self.callbacks.is_logged_on, self._ids)):
            await asyncio.sleep(0.05)
            waited_s += 0.05
        await asyncio.gather(*(asyncio.to_thread(initiator.stop, True) for initiator in self._initiators))
        self._initiators.clear()

    def subscribe(self, provider: str, request: Request) -> None:
        """Sends MarketDataRequests (V): the end of the old subscription, if any, then the new one."""
        key = SessionKey(provider, SessionKind.QUOTE)
        depth = self._providers[provider].depth
        if request.ended_request_id:
            self.send(key, market_data_request(request.ended_request_id, "2", request.provider_symbol, depth))
        self.send(key, market_data_request(request.request_id, "1", request.provider_symbol, depth))
        _log.info("subscribed", provider=provider, symbol=request.provider_symbol, request_id=request.request_id)

    def send(self, key: SessionKey, message: fix.Message) -> None:
        """Sends a message if the session is logged on; raises `EngineError` otherwise, and nothing is queued."""
        session = fix.Session.lookupSession(self._ids[key])
        if session is None or not session.isLoggedOn() or not self.callbacks.is_logged_on(key):
            raise _down(key)
        if not fix.Session.sendToTarget(message, self._ids[key]):
            raise _down(key)


def market_data_request(request_id: str, subscription: str, symbol: str, depth: int) -> fix.Message:
    """A MarketDataRequest (V) for both sides of one symbol, with incremental refreshes."""
    message = fix.Message()
    message.getHeader().setField(35, "V")
    message.setField(262, request_id)
    message.setField(263, subscription)
    message.setField(264, str(depth))
    message.setField(265, "1")
    for entry_type in ("0", "1"):
        _add_group(message, 267, 269, entry_type)
    _add_group(message, 146, 55, symbol)
    return message


def _add_group(message: fix.Message, count_tag: int, tag: int, value: str) -> None:
    group = fix.Group(count_tag, tag)
    group.setField(tag, value)
    message.addGroup(group)


def _session_id(provider: Provider, key: SessionKey) -> fix.SessionID:
    return fix.SessionID(BEGIN_STRING, provider.sender_comp_id, provider.target_comp_id, qualifier(key))


def _down(key: SessionKey) -> EngineError:
    return EngineError(
        Kind.UNAVAILABLE,
        "FIX_SESSION_DOWN",
        f"the {key.kind.name.lower()} session of {key.provider} is not logged on; nothing was sent",
        provider=key.provider,
        session=key.kind.name.lower(),
    )
