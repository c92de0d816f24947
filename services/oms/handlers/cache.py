"""What is kept from commit to commit. Dropping any of it is always safe."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from services.kernel.ids import AccountId
from services.oms.ports import Aggregate, OrderKey, RecordedOrder

RECORDED_MAX = 8_192


class AggregateCache:
    """The aggregates used last, at most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[AccountId, Aggregate] = OrderedDict()

    def get(self, account_id: AccountId) -> Aggregate | None:
        """The aggregate as this process committed or read it last."""
        found = self._kept.get(account_id)
        if found is not None:
            self._kept.move_to_end(account_id)
        return found

    def put(self, aggregate: Aggregate) -> None:
        """Keeps it; the one that was used longest ago may go."""
        account_id = aggregate.state.account.account_id
        self._kept[account_id] = aggregate
        self._kept.move_to_end(account_id)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, accounts: Iterable[AccountId]) -> None:
        """Forgets the accounts: they are read again when needed."""
        for account_id in accounts:
            self._kept.pop(account_id, None)


class RecordedCache:
    """The orders recorded last, at most `most` of them: most of what is asked again is asked again soon.

    An order never changes once it is recorded, so what is kept is not wrong, whoever changed its account since.
    """

    def __init__(self, most: int = RECORDED_MAX) -> None:
        self._most = most
        self._kept: OrderedDict[OrderKey, RecordedOrder] = OrderedDict()

    def get(self, key: OrderKey) -> RecordedOrder | None:
        """The order that this process recorded under the key."""
        return self._kept.get(key)

    def put(self, account_id: AccountId, orders: Mapping[str, RecordedOrder]) -> None:
        """Keeps orders of an account by their keys; those recorded longest ago may go."""
        for key, recorded in orders.items():
            self._kept[account_id, key] = recorded
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
