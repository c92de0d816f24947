"""One client's conversation."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from services.kernel.clock import Now
from services.kernel.errors import EngineError
from services.stream.domain import frames
from services.stream.domain.commands import (
    Authenticate,
    Command,
    Malformed,
    MessageId,
    Ping,
    Refusal,
    SubscribeAccount,
    SubscribeQuotes,
    UnsubscribeAccount,
    UnsubscribeQuotes,
    parse,
)
from services.stream.domain.fanout import QuoteSubscription
from services.stream.domain.limits import Allowance
from services.stream.handlers import closing
from services.stream.handlers.accounts import AccountFeed, AccountSubscription
from services.stream.handlers.quotes import US_PER_S, QuoteFeed
from services.stream.handlers.statistics import Statistics
from services.stream.ports import Caller, Tickets, Wire

CONFLATE_MS = 50
SYMBOLS_MAX = 500
ACCOUNTS_MAX = 32
MALFORMED_MAX = 3
MESSAGES_PER_S = 20
MESSAGES_BURST = 100


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client may take."""

    authenticate_s: float = 5.0
    subscribe_s: float = 5.0
    session_s: float = 600.0
    stall_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Edge:
    """What all connections share."""

    tickets: Tickets
    quotes: QuoteFeed
    accounts: AccountFeed
    statistics: Statistics
    utc_now: Now
    patience: Patience = Patience()


class Connection:
    """Carries out a client's messages in their order, and keeps to its limits."""

    def __init__(self, edge: Edge, wire: Wire) -> None:
        self._edge = edge
        self._wire = wire
        self._caller: Caller | None = None
        self._allowance = Allowance(MESSAGES_PER_S, MESSAGES_BURST)
        self._malformed_count = 0
        self._heartbeat_count = 0
        self._inbox: deque[Command] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._quotes = QuoteSubscription(wire)
        self._accounts: dict[str, AccountSubscription] = {}
        self._ended = False
        now_us = edge.quotes.now_us()
        self._stalled_at_us = 0
        self._subscribed = False
        self._deadline_us = now_us + _us(edge.patience.authenticate_s)
        self._session_end_us = 0
        edge.statistics.connection_count += 1

    def receive(self, text: bytes) -> None:
        """A message came."""
        if self._ended:
            return
        if not self._allowance.take(self._edge.quotes.now_us()):
            self.close(closing.TOO_MANY_REQUESTS, "too many messages")
            return
        try:
            command = parse(text)
        except Refusal as refusal:
            self._refuse_message(refusal)
            return
        self._inbox.append(command)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())

    def tick(self, now_us: int, at: str) -> None:
        """A second passed: sends the heartbeat, and closes what has taken too long."""
        if self._ended or self._close_overdue(now_us):
            return
        if self._caller is not None and self._wire.ready:
            self._heartbeat_count += 1
            self._wire.send(frames.heartbeat(self._heartbeat_count, at))

    def close(self, code: int, reason: str) -> None:
        """Closes the connection, saying why."""
        if not self._ended:
            self._edge.statistics.closed(code)
            self._wire.close(code, reason)
            self.end()

    def end(self) -> None:
        """The connection is over, whoever ended it."""
        if self._ended:
            return
        self._ended = True
        self._inbox.clear()
        self._edge.statistics.connection_count -= 1
        self._drop_quotes(())
        for subscription in self._accounts.values():
            self._edge.accounts.unsubscribe(subscription)
        self._accounts.clear()
        if self._worker is not None:
            self._worker.cancel()

    def _refuse_message(self, refusal: Refusal) -> None:
        self._wire.send(frames.refusal(refusal.message_id, refusal.reason, refusal.message))
        if isinstance(refusal, Malformed):
            self._malformed_count += 1
            if self._malformed_count >= MALFORMED_MAX:
                self.close(closing.MALFORMED, "messages are not understood")

    async def _work(self) -> None:
        try:
            while self._inbox:
                command = self._inbox.popleft()
                try:
                    await self._carry_out(command)
                except EngineError as error:
                    self._refuse(command.message_id, error)
                    if isinstance(command, Authenticate):
                        self.close(closing.NOT_AUTHENTICATED, error.message)
        except Exception:
            self.close(closing.INTERNAL_ERROR, "internal error")
            raise
        finally:
            self._worker = None

    def _refuse(self, message_id: MessageId, error: EngineError) -> None:
        self._wire.send(frames.refusal(message_id, error.reason, error.message))

    async def _carry_out(self, command: Command) -> None:
        if isinstance(command, Ping):
            self._wire.send(frames.pong(command.message_id))
        elif isinstance(command, Authenticate):
            await self._authenticate(command)
        elif self._caller is None:
            self._wire.send(frames.refusal(command.message_id, "AUTH_REQUIRED", "authenticate first"))
        elif isinstance(command, SubscribeAccount):
            await self._follow_account(self._caller, command)
        elif isinstance(command, SubscribeQuotes):
            self._follow_quotes(command)
        else:
            self._unsubscribe(command)

    async def _authenticate(self, command: Authenticate) -> None:
        caller = await self._edge.tickets.redeem(command.ticket)
        if self._caller is not None and (caller.user_id, caller.tenant) != (self._caller.user_id, self._caller.tenant):
            self._wire.send(frames.refusal(command.message_id, "TOKEN_INVALID", "the ticket is of another user"))
            self.close(closing.NOT_AUTHENTICATED, "the ticket is of another user")
            return
        now_us = self._edge.quotes.now_us()
        if self._caller is None:
            self._deadline_us = now_us + _us(self._edge.patience.subscribe_s)
        self._caller = caller
        self._session_end_us = now_us + _us(self._edge.patience.session_s)
        server_time = frames.time_text(self._edge.utc_now())
        self._wire.send(frames.ack(command.message_id, session=caller.session_id, server_time=server_time))

    def _follow_quotes(self, command: SubscribeQuotes) -> None:
        self._edge.quotes.check(command.symbols)
        known = self._quotes.standings
        if len(known.keys() | set(command.symbols)) > SYMBOLS_MAX:
            self._refuse_more(command.message_id, f"at most {SYMBOLS_MAX} symbols a connection")
            return
        self._edge.statistics.quote_subscriber_count += not known
        self._subscribed = True
        conflate_ms = command.conflate_ms or (None if self._quotes.period_us else CONFLATE_MS)
        self._wire.send(frames.ack(command.message_id, channel="quotes"))
        self._edge.quotes.subscribe(self._quotes, command.symbols, conflate_ms)

    async def _follow_account(self, caller: Caller, command: SubscribeAccount) -> None:
        if command.account_id not in self._accounts and len(self._accounts) >= ACCOUNTS_MAX:
            self._refuse_more(command.message_id, f"at most {ACCOUNTS_MAX} accounts a connection")
            return
        subscription = await self._edge.accounts.subscribe(self._wire, caller, command)
        if replaced := self._accounts.pop(command.account_id, None):
            self._edge.accounts.unsubscribe(replaced)
        self._accounts[command.account_id] = subscription
        self._subscribed = True

    def _refuse_more(self, message_id: MessageId, message: str) -> None:
        self._wire.send(frames.refusal(message_id, "SUBSCRIPTIONS_TOO_MANY", message))

    def _unsubscribe(self, command: UnsubscribeQuotes | UnsubscribeAccount) -> None:
        if isinstance(command, UnsubscribeQuotes):
            self._drop_quotes(command.symbols)
            self._wire.send(frames.ack(command.message_id, channel="quotes"))
            return
        if subscription := self._accounts.pop(command.account_id, None):
            self._edge.accounts.unsubscribe(subscription)
        self._wire.send(frames.ack(command.message_id, channel="account", account_id=command.account_id))

    def _drop_quotes(self, symbols: Sequence[str]) -> None:
        if self._quotes.standings:
            self._edge.quotes.unsubscribe(self._quotes, symbols)
            self._edge.statistics.quote_subscriber_count -= not self._quotes.standings

    def _close_overdue(self, now_us: int) -> bool:
        if self._caller is None:
            overdue = now_us >= self._deadline_us
            code, reason = closing.NOT_AUTHENTICATED, "no ticket came in time"
        elif not self._subscribed and now_us >= self._deadline_us:
            overdue, code, reason = True, closing.MALFORMED, "no subscription came in time"
        elif now_us >= self._session_end_us:
            overdue, code, reason = True, closing.NOT_AUTHENTICATED, "the session's time is up; connect anew"
        else:
            overdue, code, reason = self._stalled(now_us), closing.SLOW_READER, "nothing is read"
        if overdue:
            self._edge.statistics.slow_close_count += code == closing.SLOW_READER
            self.close(code, reason)
        return overdue

    def _stalled(self, now_us: int) -> bool:
        """Whether the client has not read for long."""
        if self._wire.ready:
            self._stalled_at_us = 0
            return False
        self._stalled_at_us = self._stalled_at_us or now_us
        return now_us - self._stalled_at_us >= _us(self._edge.patience.stall_s)


class Connections:
    """All connections; each gets its tick once a second, not all at the same moment."""

    GROUPS = 20

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._groups: list[dict[Connection, None]] = [{} for _ in range(self.GROUPS)]
        self._opened = 0

    def __len__(self) -> int:
        return sum(len(group) for group in self._groups)

    def open(self, wire: Wire) -> Connection:
        """A client connected."""
        connection = Connection(self._edge, wire)
        self._groups[self._opened % self.GROUPS][connection] = None
        self._opened += 1
        return connection

    def end(self, connection: Connection) -> None:
        """A client is gone."""
        connection.end()
        for group in self._groups:
            group.pop(connection, None)

    def close_all(self, code: int, reason: str) -> None:
        """Closes every connection."""
        for group in self._groups:
            for connection in list(group):
                connection.close(code, reason)

    async def tick(self) -> None:
        """Ticks every connection once a second, for ever."""
        while True:
            for group in self._groups:
                await asyncio.sleep(1 / self.GROUPS)
                now_us, at = self._edge.quotes.now_us(), frames.time_text(self._edge.utc_now())
                for connection in list(group):
                    connection.tick(now_us, at)


def _us(seconds: float) -> int:
    return int(seconds * US_PER_S)
