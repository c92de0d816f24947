"""Composition root of bbook."""

from contextlib import AsyncExitStack

from services.bbook.api import ExecutionService
from services.bbook.clients import QuoteClient, ReferenceClient
from services.bbook.config import BbookConfig
from services.bbook.handlers import House
from services.kernel.clock import monotonic_us, utc_now
from services.kit.channel import channel
from services.kit.config import load
from services.kit.server import serve


async def main() -> None:
    """Serves until stopped, once the trading conditions are known."""
    config = load(BbookConfig, "bbook")
    house = House()
    async with AsyncExitStack() as stack:
        reference = ReferenceClient(await stack.enter_async_context(channel(config.reference_address)))
        quotes = QuoteClient(await stack.enter_async_context(channel(config.lp_manager_address)), monotonic_us)
        house.set_conditions(await reference.conditions_at_last())
        await serve(
            config,
            "bbook",
            [ExecutionService(house, utc_now, monotonic_us).register],
            background=[lambda: quotes.follow_quotes(house), lambda: reference.follow_conditions(house)],
        )
