"""Accounts, live: who follows which, and that nobody misses a change."""

import asyncio
from collections.abc import Sequence

from services.kernel.errors import EngineError, Kind
from services.stream.domain import frames
from services.stream.domain.commands import SubscribeAccount
from services.stream.domain.frames import AccountUpdate
from services.stream.handlers.closing import SLOW_READER
from services.stream.handlers.statistics import Statistics
from services.stream.ports import Accounts, Announcements, Caller, Wire

# More waiting for a client than this closes its connection: changes are never dropped.
BUFFER_BYTES_MAX = 1_048_576
WAITING_MAX = 1_000
# A client that missed more than this takes a snapshot.
MISSED_MAX = 5_000
RETRY_S = (0.1, 0.25, 0.5, 1.0, 2.0)


class AccountSubscription:
    """One client's view of one account: it has everything up to `sequence`."""

    def __init__(self, account_id: str, wire: Wire) -> None:
        self.account_id = account_id
        self.wire = wire
        self.sequence = 0
        # While changes are being fetched, those announced wait here; None: nothing is being fetched.
        self.waiting: list[AccountUpdate] | None = []
        self.fetching: asyncio.Task[None] | None = None
        # Announcements were missed while changes were being fetched: fetch again.
        self.stale = False


class AccountFeed:
    """All subscriptions to accounts."""

    def __init__(
        self,
        accounts: Accounts,
        announcements: Announcements,
        statistics: Statistics,
        *,
        retry_s: Sequence[float] = RETRY_S,
    ) -> None:
        self._accounts = accounts
        self._announcements = announcements
        self._statistics = statistics
        self._retry_s = retry_s
        self._followed: dict[str, list[AccountSubscription]] = {}

    def follows(self, account_id: str) -> bool:
        """Whether anybody follows the account."""
        return account_id in self._followed

    async def subscribe(self, wire: Wire, caller: Caller, command: SubscribeAccount) -> AccountSubscription:
        """Acknowledges, sends the snapshot or what was missed, and everything from then on.

        Raises what keeps it from that; then nothing was sent.
        """
        await self._check_owner(caller, command.account_id)
        if not self._announcements.live:
            raise EngineError(Kind.UNAVAILABLE, "UNAVAILABLE", "account updates can't be had now; try again")
        subscription = AccountSubscription(command.account_id, wire)
        # First listen, then look: what is announced while we look waits, so nothing falls in between.
        self._followed.setdefault(command.account_id, []).append(subscription)
        self._statistics.account_count += 1
        try:
            opening = await self._opening(subscription, command.since_sequence)
        except BaseException:
            self.unsubscribe(subscription)
            raise
        wire.send(frames.ack(command.message_id, channel="account", account_id=command.account_id))
        for frame in opening:
            self._send(subscription, frame)
        self._resume(subscription)
        return subscription

    def unsubscribe(self, subscription: AccountSubscription) -> None:
        """Ends a subscription; a second time does nothing."""
        followers = self._followed.get(subscription.account_id, [])
        if subscription not in followers:
            return
        followers.remove(subscription)
        self._statistics.account_count -= 1
        if not followers:
            del self._followed[subscription.account_id]
        if subscription.fetching is not None:
            subscription.fetching.cancel()

    def announce(self, update: AccountUpdate) -> None:
        """Changes of an account were announced: perhaps again, perhaps with some missing before them."""
        for subscription in list(self._followed.get(update.account_id, ())):
            self._apply(subscription, update)

    def missed(self) -> None:
        """Announcements may have been missed: looks what is new of every account that is followed."""
        for followers in list(self._followed.values()):
            for subscription in followers:
                if subscription.waiting is None:
                    self._catch_up(subscription)
                else:
                    subscription.stale = True

    async def _check_owner(self, caller: Caller, account_id: str) -> None:
        if await self._accounts.owner(account_id) != (caller.user_id, caller.tenant):
            # The same answer as for one that does not exist: whose accounts there are is nobody's business.
            raise EngineError(Kind.NOT_FOUND, "ACCOUNT_UNKNOWN", "there is no such account")

    async def _opening(self, subscription: AccountSubscription, since: int | None) -> list[bytes]:
        """The first frames: the snapshot, or what came after `since`."""
        account_id = subscription.account_id
        if since is None:
            state = await self._accounts.state(account_id)
            subscription.sequence = state.sequence
            return [frames.account_snapshot(account_id, state.sequence, state.data)]
        subscription.sequence = since
        page = await self._accounts.changes(account_id, since)
        if since > page.last_sequence:
            raise EngineError(Kind.INVALID, "SEQUENCE_UNKNOWN", "the account has not come that far; take a snapshot")
        if page.last_sequence - since > MISSED_MAX:
            raise EngineError(Kind.PRECONDITION, "SEQUENCE_TOO_OLD", "too much was missed; take a snapshot")
        return [update.frame(since) for update in await self._fetch_all(subscription)]

    async def _fetch_all(self, subscription: AccountSubscription) -> list[AccountUpdate]:
        """What the subscription lacks; it counts as sent."""
        updates: list[AccountUpdate] = []
        while True:
            page = await self._accounts.changes(subscription.account_id, subscription.sequence)
            if page.changes:
                summary = (await self._accounts.state(subscription.account_id)).summary
                updates.append(AccountUpdate(subscription.account_id, page.changes, summary))
                subscription.sequence = updates[-1].last
            if not page.changes or subscription.sequence >= page.last_sequence:
                return updates

    def _apply(self, subscription: AccountSubscription, update: AccountUpdate) -> None:
        if subscription.waiting is not None:
            subscription.waiting.append(update)
            if len(subscription.waiting) > WAITING_MAX:
                self._close_slow(subscription, "account changes come faster than they can be fetched")
        elif update.first > subscription.sequence + 1:
            self._catch_up(subscription)
        elif update.last > subscription.sequence:
            frame = update.frame(subscription.sequence)
            subscription.sequence = update.last
            self._send(subscription, frame)

    def _resume(self, subscription: AccountSubscription) -> None:
        """Goes on with what was announced meanwhile."""
        waiting, subscription.waiting = subscription.waiting, None
        for update in waiting or ():
            self._apply(subscription, update)
        if subscription.stale and subscription.waiting is None:
            subscription.stale = False
            self._catch_up(subscription)

    def _catch_up(self, subscription: AccountSubscription) -> None:
        """Fetches what the subscription lacks; what is announced until then waits."""
        subscription.waiting = []
        subscription.fetching = asyncio.create_task(self._fetch_until_done(subscription))

    async def _fetch_until_done(self, subscription: AccountSubscription) -> None:
        failures = 0
        while True:
            before = subscription.sequence
            try:
                updates = await self._fetch_all(subscription)
                break
            except EngineError:
                subscription.sequence = before
                await asyncio.sleep(self._retry_s[min(failures, len(self._retry_s) - 1)])
                failures += 1
        self._statistics.gap_count += 1
        for update in updates:
            self._send(subscription, update.frame(update.first - 1))
        self._resume(subscription)

    def _send(self, subscription: AccountSubscription, frame: bytes) -> None:
        if subscription.wire.buffered > BUFFER_BYTES_MAX:
            self._close_slow(subscription, "too much waits to be read")
            return
        subscription.wire.send(frame)

    def _close_slow(self, subscription: AccountSubscription, reason: str) -> None:
        self._statistics.slow_close_count += 1
        self.unsubscribe(subscription)
        subscription.wire.close(SLOW_READER, reason)
