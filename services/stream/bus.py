"""The changes of accounts, from the event bus."""

from contextlib import suppress

from google.protobuf.message import DecodeError
from tradeloom.oms.v1 import events_pb2

from services.kit import telemetry
from services.kit.bus import Event, EventBus, Subscription
from services.stream.convert import update_from_pb
from services.stream.handlers.accounts import AccountFeed

TOPIC = "oms.account_events"

_log = telemetry.logger(__name__)


class BusAnnouncements:
    """Whether announcements are heard; `Announcements`."""

    def __init__(self) -> None:
        self._subscription: Subscription | None = None

    @property
    def live(self) -> bool:
        """See `Announcements`."""
        return self._subscription is not None and self._subscription.live

    async def follow(self, bus: EventBus, feed: AccountFeed) -> None:
        """Hands each announcement of an account that somebody follows to the feed."""

        async def take(event: Event) -> None:
            if not feed.follows(event.key):
                return
            changed = events_pb2.AccountChanged()
            with suppress(DecodeError):
                changed.ParseFromString(event.payload)
            if changed.account_id != event.key or not changed.changes:
                # What it says is in the books: those who follow the account fetch it from there.
                _log.error("announcement not readable", key=event.key, event_id=str(event.event_id))
                feed.missed()
                return
            feed.announce(update_from_pb(changed))

        self._subscription = await bus.follow(TOPIC, take, feed.missed)
