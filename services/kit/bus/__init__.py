"""The event bus: a port, and an adapter for each thing that can carry it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from services.kit.bus.port import Event, EventBus, Handler, Subscription
from services.kit.config import ConfigError

__all__ = ["Event", "EventBus", "Handler", "Subscription", "connect_bus"]


@asynccontextmanager
async def connect_bus(url: str) -> AsyncIterator[EventBus]:
    """The bus at `redis://`, `rediss://`, `unix://` (Redis) or `amqp://`, `amqps://` (RabbitMQ).

    The server need not be there yet: subscriptions wait for it, and publishing raises until it answers.
    """
    bus = _bus(url)
    try:
        yield bus
    finally:
        await bus.close()


def _bus(url: str) -> EventBus:
    match urlsplit(url).scheme:
        case "redis" | "rediss" | "unix":
            from services.kit.bus.redis import RedisBus

            return RedisBus(url)
        case "amqp" | "amqps":
            from services.kit.bus.rabbit import RabbitBus

            return RabbitBus(url)
        case scheme:
            raise ConfigError(f"a bus URL starts with redis, rediss, unix, amqp or amqps, not with {scheme!r}")
