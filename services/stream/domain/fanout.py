"""Who gets quotes when: conflated per client, at once after a pause, the clients' turns spread over the period.

Time is cut into periods, each client's beginning at an offset of its own. At the beginning of its period a client gets
what changed since its last frame. If nothing did, it gets the next change as soon as it comes. So there is at most one
frame a period, an idle client waits for nothing, and a thousand clients don't want their frames at the same moment.
"""

import heapq
from collections.abc import Iterable
from typing import Protocol

from services.stream.domain import frames
from services.stream.domain.quotes import QuoteBoard, Standing

SLOTS = 50
# How many idle clients one change wakes at once; the others get it at their turn.
WAKE_MAX = 200


class Sink(Protocol):
    """Where a client's frames go."""

    @property
    def ready(self) -> bool:
        """Whether the client reads as fast as it is sent to."""
        ...

    def send(self, frame: bytes) -> None:
        """Sends a frame."""
        ...


class QuoteSubscription:
    """What one client wants and has."""

    __slots__ = ("offset_us", "period_us", "seen", "sequence", "sink", "standings", "turn_us")

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.standings: dict[str, Standing] = {}
        self.period_us = 0
        self.offset_us = 0
        self.sequence = 0
        self.seen = 0
        # When its next turn is; 0 while it is idle or gone.
        self.turn_us = 0


class Fanout:
    """Sends the changes of a board to its subscribers. Times are microseconds on a clock that never jumps."""

    def __init__(self, board: QuoteBoard) -> None:
        self._board = board
        self._turns: dict[int, list[QuoteSubscription]] = {}
        self._order: list[int] = []
        self._idle: dict[str, dict[QuoteSubscription, None]] = {}
        self._last_slot = 0
        self.frame_count = 0
        self.skip_count = 0

    def subscribe(
        self, subscription: QuoteSubscription, symbols: Iterable[str], period_us: int | None, now_us: int
    ) -> None:
        """Adds symbols, and sends the quotes of all that the client now has."""
        self._leave(subscription)
        for symbol in symbols:
            subscription.standings[symbol] = self._board.standing(symbol)
        if period_us is not None and period_us != subscription.period_us:
            self._last_slot = (self._last_slot + 1) % SLOTS
            subscription.period_us = period_us
            subscription.offset_us = self._last_slot * period_us // SLOTS
        pieces = [standing.piece for standing in subscription.standings.values()]
        self._send(subscription, b"snapshot", pieces, now_us)

    def unsubscribe(self, subscription: QuoteSubscription, symbols: Iterable[str], now_us: int) -> None:
        """Takes symbols away; none named: all."""
        self._leave(subscription)
        for symbol in list(symbols) or list(subscription.standings):
            subscription.standings.pop(symbol, None)
        if subscription.standings:
            self._await_turn(subscription, now_us)

    def changed(self, symbols: Iterable[str], now_us: int) -> None:
        """The board changed: idle clients get it at once."""
        woken = 0
        for symbol in symbols:
            for subscription in list(self._idle.get(symbol, ())):
                self._leave_idle(subscription)
                woken += 1
                if woken > WAKE_MAX:
                    self._await_turn(subscription, now_us)
                else:
                    self._serve(subscription, now_us)

    def take_turns(self, now_us: int) -> None:
        """Serves everybody whose turn has come."""
        while self._order and self._order[0] <= now_us:
            turn_us = heapq.heappop(self._order)
            for subscription in self._turns.pop(turn_us):
                if subscription.turn_us == turn_us:  # Else it left, or was given another turn.
                    subscription.turn_us = 0
                    self._serve(subscription, now_us)

    def next_turn_us(self) -> int | None:
        """When `take_turns` is to be called next; None while all are idle."""
        return self._order[0] if self._order else None

    def _serve(self, subscription: QuoteSubscription, now_us: int) -> None:
        seen = subscription.seen
        pieces = [standing.piece for standing in subscription.standings.values() if standing.version > seen]
        if not pieces:
            for symbol in subscription.standings:
                self._idle.setdefault(symbol, {})[subscription] = None
        elif subscription.sink.ready:
            self._send(subscription, b"delta", pieces, now_us)
        else:
            # A slow reader misses this frame; the next one has what is newest then.
            self.skip_count += 1
            self._await_turn(subscription, now_us)

    def _send(self, subscription: QuoteSubscription, kind: bytes, pieces: list[bytes], now_us: int) -> None:
        subscription.sequence += 1
        subscription.seen = self._board.version
        self.frame_count += 1
        self._await_turn(subscription, now_us)
        subscription.sink.send(frames.quotes(kind, subscription.sequence, pieces))

    def _await_turn(self, subscription: QuoteSubscription, now_us: int) -> None:
        period_us, offset_us = subscription.period_us, subscription.offset_us
        turn_us = offset_us + ((now_us - offset_us) // period_us + 1) * period_us
        subscription.turn_us = turn_us
        waiting = self._turns.get(turn_us)
        if waiting is None:
            self._turns[turn_us] = [subscription]
            heapq.heappush(self._order, turn_us)
        else:
            waiting.append(subscription)

    def _leave(self, subscription: QuoteSubscription) -> None:
        subscription.turn_us = 0
        self._leave_idle(subscription)

    def _leave_idle(self, subscription: QuoteSubscription) -> None:
        for symbol in subscription.standings:
            idle = self._idle.get(symbol)
            if idle is not None:
                idle.pop(subscription, None)
