"""Publishes the books on the quote sessions: subscriptions, snapshots (W), incremental refreshes (X), rejects (Y)."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from simulators.lp.book import LEVELS, Book, Entry
from simulators.lp.codec import BadMessage, Message
from simulators.lp.market import Source
from simulators.lp.session import Session

SLOT_S_MIN = 0.004
SLOT_S_MAX = 0.02
_QUIET_S = 0.8
_BUSY_WEIGHT = 3.0
_UNKNOWN_SYMBOL, _DUPLICATE_ID, _BAD_SUBSCRIPTION, _BAD_DEPTH, _BAD_UPDATE = "0", "1", "4", "5", "6"

Change = tuple[Book, list[Entry]]


def slot_s(rate: float) -> float:
    """How far apart messages are: at most one quote or so a message when slow, a few together when fast."""
    return max(SLOT_S_MIN, min(SLOT_S_MAX, 4.0 / rate))


class Quotes:
    """All books, moved along at the given rate of quotes per second."""

    def __init__(self, books: dict[str, Book], sources: dict[str, Source], rate: float, seed: int) -> None:
        self.books = books
        self._symbols = list(books)
        self._sources = sources
        self._rate = rate
        self._random = random.Random(f"{seed}/pick")
        self._quoted_s = dict.fromkeys(books, 0.0)
        self._credit = 0.0
        self._last_s: float | None = None

    def open(self, now_s: float) -> None:
        """Makes the first price of every symbol."""
        for symbol in self._symbols:
            self._quote(symbol, now_s)

    def advance(self, now_s: float) -> list[Change]:
        """What the market did since the last call, oldest first."""
        elapsed = now_s - (self._last_s if self._last_s is not None else now_s)
        self._last_s = now_s
        # After a pause of the process the market is not made up for: half a second at most.
        self._credit += min(max(elapsed, 0.0), 0.5) * self._rate
        picks = [symbol for symbol in self._symbols if now_s - self._quoted_s[symbol] > _QUIET_S]
        if (chosen := int(self._credit) - len(picks)) > 0:
            picks += self._pick(chosen, now_s)
        self._credit = max(0.0, self._credit - len(picks))
        return [(self.books[symbol], self._quote(symbol, now_s)) for symbol in picks]

    def _pick(self, count: int, now_s: float) -> list[str]:
        weights = accumulate(
            self.books[symbol].instrument.weight * (_BUSY_WEIGHT if self._sources[symbol].is_busy(now_s) else 1.0)
            for symbol in self._symbols
        )
        bounds = list(weights)
        return [self._symbols[bisect(bounds, self._random.random() * bounds[-1])] for _ in range(count)]

    def _quote(self, symbol: str, now_s: float) -> list[Entry]:
        self._quoted_s[symbol] = now_s
        return self.books[symbol].update(self._sources[symbol].at(now_s))


@dataclass(slots=True)
class Subscription:
    """One symbol on one session."""

    request_id: str
    depth: int


class Subscriber:
    """One quote session and what it asked for."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.subscriptions: dict[str, Subscription] = {}
        self._missed = False

    def publish(self, changes: Iterable[Change], books: dict[str, Book]) -> None:
        """Sends what it asked for as one message. A reader that is behind gets snapshots when it has caught up."""
        if self.session.is_slow:
            self._missed = True
        elif self._missed:
            self._missed = False
            for symbol in self.subscriptions:
                self.snapshot(books[symbol])
        else:
            self._increment(changes)

    def _increment(self, changes: Iterable[Change]) -> None:
        entries: list[bytes] = []
        for book, changed in changes:
            subscription = self.subscriptions.get(book.instrument.symbol)
            if subscription is not None:
                depth = subscription.depth
                entries += [entry for level, entry in changed if level < depth]
        if entries:
            self.session.send_body(b"X", b"268=%d\x01%b" % (len(entries), b"".join(entries)))

    def snapshot(self, book: Book, request: Subscription | None = None) -> None:
        """Sends the whole book of one symbol."""
        symbol = book.instrument.symbol
        request = request or self.subscriptions[symbol]
        count, entries = book.snapshot(request.depth)
        head = f"262={request.request_id}\x0155={symbol}\x01268={count}\x01".encode()
        self.session.send_body(b"W", head + entries)


class Feed:
    """The application on the quote sessions."""

    def __init__(self, quotes: Quotes) -> None:
        self._quotes = quotes
        self._subscribers: dict[Session, Subscriber] = {}

    def on_logon(self, session: Session) -> None:
        """A session starts without subscriptions."""
        self._subscribers[session] = Subscriber(session)

    def on_logout(self, session: Session) -> None:
        """And they end with it."""
        self._subscribers.pop(session, None)

    def publish(self, changes: list[Change]) -> None:
        """Sends the changes to whom they concern."""
        for subscriber in list(self._subscribers.values()):
            if subscriber.subscriptions:
                subscriber.publish(changes, self._quotes.books)

    def on_message(self, session: Session, message: Message) -> bool:
        """Takes MarketDataRequest (V)."""
        if message.type != "V":
            return False
        subscriber = self._subscribers[session]
        request_id = message.text(262)
        if message.text(263) == "2":
            self._unsubscribe(subscriber, request_id)
            return True
        symbols = message.all(55)
        if (reason := self._refusal(subscriber, message, symbols)) is not None:
            session.send("Y", [(262, request_id), (281, reason[0]), (58, reason[1])])
            return True
        request = Subscription(request_id, message.number(264) or LEVELS)
        for symbol in symbols:
            if message.text(263) == "1":
                subscriber.subscriptions[symbol] = request
            subscriber.snapshot(self._quotes.books[symbol], request)
        return True

    def _unsubscribe(self, subscriber: Subscriber, request_id: str) -> None:
        ended = [symbol for symbol, s in subscriber.subscriptions.items() if s.request_id == request_id]
        for symbol in ended:
            del subscriber.subscriptions[symbol]

    def _refusal(self, subscriber: Subscriber, message: Message, symbols: list[str]) -> tuple[str, str] | None:
        if not symbols:
            raise BadMessage(1, 55, "Required tag missing: 55")
        if unknown := [symbol for symbol in symbols if symbol not in self._quotes.books]:
            return _UNKNOWN_SYMBOL, f"unknown symbol {', '.join(unknown)}"
        if message.text(263) not in ("0", "1"):
            return _BAD_SUBSCRIPTION, f"unsupported SubscriptionRequestType {message.text(263)}"
        if message.number(264) > LEVELS:
            return _BAD_DEPTH, f"the depth is at most {LEVELS}"
        if message.text(263) == "1" and message.get(265) not in (None, "1"):
            return _BAD_UPDATE, "only incremental refresh"
        if any(s.request_id == message.text(262) for s in subscriber.subscriptions.values()):
            return _DUPLICATE_ID, "MDReqID is in use"
        return None
