"""The event bus in memory. It passes the suite that the real ones pass, and can be taken down."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from services.kit.bus.lanes import Lanes
from services.kit.bus.port import DeadLetter, Event, Handler, OnGap, Subscription, bus_unavailable

RETRY_S = (0.001, 0.002)


class MemoryBus:
    """An `EventBus` for one process."""

    def __init__(self, *, retry_s: Sequence[float] = RETRY_S) -> None:
        self.published: list[Event] = []
        self.down = False
        self._retry_s = retry_s
        self._groups: dict[tuple[str, str], _Group] = {}
        self._followers: dict[str, list[_Follower]] = defaultdict(list)

    async def publish(self, events: Sequence[Event]) -> None:
        if self.down:
            raise bus_unavailable(ConnectionError("taken down"))
        for event in events:
            self.published.append(event)
            for (topic, _), group in self._groups.items():
                if topic == event.topic:
                    group.put(event)
            for follower in self._followers[event.topic]:
                follower.put(event)

    async def subscribe(self, topic: str, group: str, handler: Handler) -> Subscription:
        known = self._groups.setdefault((topic, group), _Group())
        return _Membership(known, handler, self._retry_s)

    async def follow(self, topic: str, handler: Handler, on_gap: OnGap | None = None) -> Subscription:
        follower = _Follower(handler, on_gap, self._followers[topic])
        follower.live = not self.down
        self._followers[topic].append(follower)
        return follower

    async def dead_letters(self, topic: str, group: str, limit: int = 100) -> list[DeadLetter]:
        return self._groups[topic, group].dead[:limit]

    async def close(self) -> None:
        for group in self._groups.values():
            for member in list(group.members):
                await member.close()
        for followers in self._followers.values():
            for follower in list(followers):
                await follower.close()

    def take_down(self) -> None:
        """Begins an outage: nothing is published, nobody is live."""
        self.down = True
        for followers in self._followers.values():
            for follower in followers:
                follower.live = False

    def bring_back(self) -> None:
        """Ends the outage; followers are told that they may have missed something."""
        self.down = False
        for followers in self._followers.values():
            for follower in followers:
                follower.live = True
                follower.tell_gap()


class _Group:
    def __init__(self) -> None:
        self.members: list[_Membership] = []
        self.unhandled: dict[int, Event] = {}
        self.dead: list[DeadLetter] = []
        self._last = 0

    def forget(self, number: int) -> None:
        self.unhandled.pop(number, None)

    def put(self, event: Event) -> None:
        self._last += 1
        self.unhandled[self._last] = event
        if self.members:
            self.members[0].take(self._last, event)


class _Membership:
    """The first member of a group works; the next one takes over what it left."""

    live = True

    def __init__(self, group: _Group, handler: Handler, retry_s: Sequence[float]) -> None:
        self._group = group
        self._lanes = Lanes(handler, self._bury, retry_s=retry_s)
        group.members.append(self)
        if group.members[0] is self:
            self._take_all()

    async def established(self) -> None:
        return

    def take(self, number: int, event: Event) -> None:
        self._lanes.put(event, lambda: self._group.forget(number))

    async def close(self) -> None:
        if self not in self._group.members:
            return
        worked = self._group.members[0] is self
        self._group.members.remove(self)
        await self._lanes.close()
        if worked and self._group.members:
            self._group.members[0]._take_all()

    def _take_all(self) -> None:
        for number, event in list(self._group.unhandled.items()):
            self.take(number, event)

    async def _bury(self, event: Event, reason: str) -> None:
        self._group.dead.append(DeadLetter(event, reason))


class _Follower:
    def __init__(self, handler: Handler, on_gap: OnGap | None, others: "list[_Follower]") -> None:
        self.live = True
        self._handler = handler
        self._on_gap = on_gap
        self._others = others
        self._arriving: asyncio.Queue[Event] = asyncio.Queue()
        self._task = asyncio.create_task(self._hand())

    def put(self, event: Event) -> None:
        if self.live:
            self._arriving.put_nowait(event)

    def tell_gap(self) -> None:
        if self._on_gap is not None:
            self._on_gap()

    async def established(self) -> None:
        return

    async def close(self) -> None:
        if self in self._others:
            self._others.remove(self)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _hand(self) -> None:
        while True:
            event = await self._arriving.get()
            try:
                await self._handler(event)
            except Exception as error:
                print(f"follower raised {error!r}")
