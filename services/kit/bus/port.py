"""What an event bus promises, whatever carries it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.kernel.errors import EngineError, Kind


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Events of one topic and key are delivered in the order in which they were published."""

    topic: str
    key: str
    event_id: UUID
    payload: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a group could not handle, and why."""

    event: Event
    reason: str


Handler = Callable[[Event], Awaitable[None]]
OnGap = Callable[[], None]


class Subscription(Protocol):
    """A standing subscription; it goes on through outages until it is closed."""

    @property
    def live(self) -> bool:
        """Whether events are being received now; false during an outage."""
        ...

    async def established(self) -> None:
        """Waits until events are being received: what is published from then on will be delivered."""
        ...

    async def close(self) -> None:
        """Ends it. What was not handled yet is delivered to the group's next member."""
        ...


class EventBus(Protocol):
    """Events from whom it concerns to whom it may concern. Never on the path of an answer."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Returns once the bus has all of them. Raises `BUS_UNAVAILABLE`: then some may have been sent."""
        ...

    async def subscribe(self, topic: str, group: str, handler: Handler) -> Subscription:
        """Hands each event of the topic to the group, from the group's first subscription on, at least once.

        One member of a group works at a time, the others stand by; so order holds per key. A handler that raises is
        called again after a pause, a few times; then the event is dead-lettered. Other keys don't wait meanwhile.
        """
        ...

    async def follow(self, topic: str, handler: Handler, on_gap: OnGap | None = None) -> Subscription:
        """Hands each event published from now on to this follower, once at most, in order.

        After an outage `on_gap` is called: events may have been missed. What the handler raises is logged.
        """
        ...

    async def dead_letters(self, topic: str, group: str, limit: int = 100) -> list[DeadLetter]:
        """Shows the oldest events that the group could not handle; they stay."""
        ...

    async def close(self) -> None:
        """Ends all subscriptions and lets go of the connections."""
        ...


def bus_unavailable(cause: BaseException) -> EngineError:
    """The bus can't be reached, or did not confirm in time."""
    text = f"the event bus does not answer: {type(cause).__name__}: {cause}"
    return EngineError(Kind.UNAVAILABLE, "BUS_UNAVAILABLE", text[:300])
