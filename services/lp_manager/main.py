"""Composition root of lp_manager."""

import asyncio
from contextlib import AsyncExitStack

from prometheus_client import Counter

from services.kernel.clock import monotonic_us, to_us, utc_now
from services.kit import telemetry
from services.kit.channel import channel
from services.kit.config import load
from services.kit.newest import Broadcast
from services.kit.server import serve
from services.lp_manager.api import QuoteService
from services.lp_manager.clients import GatewayClient, ReferenceClient
from services.lp_manager.config import LpManagerConfig
from services.lp_manager.handlers import Market

EXPIRY_CHECK_US_MAX = 100_000

REFUSED = Counter("lp_manager_books_refused_total", "Books that could not be used.", ["provider", "reason"])
EXPIRED = Counter("lp_manager_books_expired_total", "Books taken out for silence.", ["provider", "symbol"])

_log = telemetry.logger(__name__)


async def main() -> None:
    """Serves until stopped, once the symbols are known."""
    config = load(LpManagerConfig, "lp_manager")
    changes: Broadcast[str, str] = Broadcast()
    market = Market(MarketListener(changes), config.provider_stale_ms * 1000)
    quotes = QuoteService(market, changes, monotonic_us, epoch=to_us(utc_now()))
    async with AsyncExitStack() as stack:
        reference = ReferenceClient(await stack.enter_async_context(channel(config.reference_address)))
        gateway = GatewayClient(await stack.enter_async_context(channel(config.fix_gateway_address)), monotonic_us)
        market.list_symbols(await reference.digits_at_last())
        await serve(
            config,
            "lp_manager",
            [quotes.register],
            background=[
                lambda: gateway.follow_books(market),
                lambda: expire_for_ever(market),
                lambda: reference.follow_symbols(market),
            ],
        )


async def expire_for_ever(market: Market) -> None:
    """Takes silent providers out, each when its time has come."""
    while True:
        now = monotonic_us()
        market.expire(now)
        due = market.next_expiry_us()
        wait_us = EXPIRY_CHECK_US_MAX if due is None else min(EXPIRY_CHECK_US_MAX, max(0, due - now))
        await asyncio.sleep(wait_us / 1_000_000)


class MarketListener:
    """Tells the readers' mailboxes and the metrics."""

    def __init__(self, changes: Broadcast[str, str]) -> None:
        self._changes = changes

    def changed(self, symbol: str) -> None:
        """Marks the symbol for every reader."""
        self._changes.publish(symbol, symbol)

    def refused(self, provider: str, reason: str) -> None:
        """Counts."""
        REFUSED.labels(provider, reason).inc()

    def expired(self, provider: str, symbol: str) -> None:
        """Counts, and says so: somebody should ask the provider."""
        EXPIRED.labels(provider, symbol).inc()
        _log.warning("provider is silent; its prices leave the book", provider=provider, symbol=symbol)
