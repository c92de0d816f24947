"""Composition root of the FIX gateway."""

import asyncio
import sys
from collections.abc import Sequence

from prometheus_client import REGISTRY

from services.fix_gateway.api import NewestBooks, ProviderService
from services.fix_gateway.clients import ReferenceClient, keep_instruments
from services.fix_gateway.config import FixGatewayConfig
from services.fix_gateway.domain.provider import SessionState
from services.fix_gateway.handlers import Gateway
from services.fix_gateway.metrics import SessionCollector
from services.fix_gateway.providers import read_providers
from services.fix_gateway.quarantine import LogQuarantine
from services.fix_gateway.sessions import QuickFixSessions
from services.kernel import clock
from services.kit.channel import channel
from services.kit.config import load
from services.kit.server import serve

_TICK_S = 0.2
# QuickFIX's threads hand each message over under the interpreter's lock; with the default of 5 ms one of them could
# wait that long for the event loop to let go.
_SWITCH_S = 0.0005


async def main() -> None:
    """Serves until stopped."""
    config = load(FixGatewayConfig, "fix_gateway")
    providers = read_providers(config.providers_file)
    sys.setswitchinterval(_SWITCH_S)
    books = NewestBooks()
    async with channel(config.reference_address) as reference:
        sessions = QuickFixSessions(providers, config.store_dir, lambda events: gateway.on_events(events))
        gateway = Gateway(providers, sessions, books, LogQuarantine(clock.monotonic), clock.utc_now)

        def states() -> Sequence[SessionState]:
            return list(gateway.states.values())

        async def run_sessions() -> None:
            sessions.start()
            while True:
                await asyncio.sleep(_TICK_S)
                gateway.on_time(clock.monotonic_us())

        async def follow_reference() -> None:
            await keep_instruments(
                ReferenceClient(reference), lambda units: gateway.on_instruments(units, clock.monotonic_us())
            )

        REGISTRY.register(SessionCollector(states, lambda: sessions.callbacks.failure_count))
        await serve(
            config,
            "fix_gateway",
            [ProviderService(books, states).register],
            background=[run_sessions, follow_reference],
            on_stop=[sessions.stop],
        )
