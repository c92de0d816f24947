"""Aggregates kept from commit to commit. Dropping any of them is always safe."""

from collections import OrderedDict
from collections.abc import Iterable

from services.kernel.ids import AccountId
from services.oms.ports import Aggregate


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
