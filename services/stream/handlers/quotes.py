"""Quotes, live: the board, its subscribers and their turns on the event loop's clock."""

import asyncio
from collections.abc import Iterable, Mapping

from services.kernel.clock import Monotonic
from services.kernel.errors import EngineError, Kind
from services.stream.domain.fanout import Fanout, QuoteSubscription
from services.stream.domain.quotes import Quote, QuoteBoard

US_PER_S = 1_000_000
EXPIRE_S = 0.05


class QuoteFeed:
    """Hands quotes to whom they concern."""

    def __init__(self, clock: Monotonic) -> None:
        self._clock = clock
        self._board = QuoteBoard()
        self.fanout = Fanout(self._board)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us = 0

    def know(self, ages_us_max: Mapping[str, int]) -> None:
        """Sets which symbols there are, and how old their quotes may be."""
        self._board.know(ages_us_max)

    def take(self, quotes: Iterable[Quote]) -> None:
        """Takes in quotes as they come."""
        now_us = self.now_us()
        if changed := self._board.take(quotes, now_us):
            self.fanout.changed(changed, now_us)
            self._set_timer()

    def lose(self) -> None:
        """The source is lost: no price stands any more."""
        self.fanout.changed(self._board.withdraw_all(), self.now_us())
        self._set_timer()

    async def expire(self) -> None:
        """Withdraws prices when they become too old, for ever."""
        while True:
            await asyncio.sleep(EXPIRE_S)
            now_us = self.now_us()
            if expired := self._board.expire(now_us):
                self.fanout.changed(expired, now_us)
                self._set_timer()

    def check(self, symbols: Iterable[str]) -> None:
        """Raises `SYMBOL_UNKNOWN` for the first that is none."""
        if not self._board.ready:
            raise EngineError(Kind.UNAVAILABLE, "UNAVAILABLE", "instruments are not known yet; try again")
        if unknown := self._board.unknown(symbols):
            raise EngineError(Kind.NOT_FOUND, "SYMBOL_UNKNOWN", f"there is no symbol {unknown[0]!r}")

    def subscribe(self, subscription: QuoteSubscription, symbols: Iterable[str], conflate_ms: int | None) -> None:
        """Adds symbols to what a client gets."""
        period_us = None if conflate_ms is None else conflate_ms * 1_000
        self.fanout.subscribe(subscription, symbols, period_us, self.now_us())
        self._set_timer()

    def unsubscribe(self, subscription: QuoteSubscription, symbols: Iterable[str]) -> None:
        """Takes symbols away from what a client gets; none named: all."""
        self.fanout.unsubscribe(subscription, symbols, self.now_us())
        self._set_timer()

    def now_us(self) -> int:
        """Microseconds on the monotonic clock."""
        return int(self._clock() * US_PER_S)

    def _set_timer(self) -> None:
        """Makes sure that the next turn is taken when it comes."""
        turn_us = self.fanout.next_turn_us()
        if turn_us is None or (self._timer is not None and self._timer_us <= turn_us):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_us = turn_us
        delay_s = max(0, turn_us - self.now_us()) / US_PER_S
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._take_turns)

    def _take_turns(self) -> None:
        self._timer = None
        self.fanout.take_turns(self.now_us())
        self._set_timer()
