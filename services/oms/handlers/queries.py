"""Reading accounts as committed, valued at the current prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from services.kernel.clock import Now
from services.kernel.errors import EngineError, Kind
from services.kernel.ids import AccountId
from services.oms.domain.ledger import LedgerEntry
from services.oms.domain.money import account_unknown
from services.oms.domain.orders import Fill, Order
from services.oms.domain.state import FLAT, AccountState, Position
from services.oms.domain.valuation import Summary, exposure_margin, position_profit, summarise
from services.oms.handlers.cache import AggregateCache
from services.oms.ports import Change, MarketSource, Page, Reader, RecordedOrder


@dataclass(frozen=True, slots=True)
class ValuedPosition:
    """A position at the current price; figures are None where there is no price or rate."""

    position: Position
    profit: Decimal | None
    margin: Decimal | None


@dataclass(frozen=True, slots=True)
class Queries:
    """The queries. All raise ACCOUNT_UNKNOWN for an account that doesn't exist, and StoreFailed."""

    reader: Reader
    market: MarketSource
    cache: AggregateCache
    now: Now

    async def accounts_of(self, user_id: UUID) -> Sequence[AccountState]:
        """The accounts of a user, by number."""
        return await self.reader.accounts_of(user_id)

    async def account(self, account_id: AccountId) -> AccountState:
        """The account as committed."""
        kept = self.cache.get(account_id)
        if kept is not None and kept.version == await self.reader.version_of(account_id):
            return kept.state
        loaded = await self.reader.load_one(account_id)
        if loaded is None:
            raise account_unknown(account_id)
        return loaded.state

    async def valued(self, account_id: AccountId) -> tuple[AccountState, Summary, list[ValuedPosition]]:
        """The account, its money and its open positions, oldest first, at the current prices."""
        state = await self.account(account_id)
        market = self.market.snapshot()
        positions = [
            ValuedPosition(
                position,
                position_profit(state.account, position, market),
                exposure_margin(state.account, position.symbol, FLAT.plus(position), market),
            )
            for position in state.positions.values()
        ]
        return state, summarise(state, market, self.now()), positions

    async def order(
        self, account_id: AccountId, *, order_id: UUID | None = None, client_order_id: str = ""
    ) -> RecordedOrder:
        """One order. Raises ORDER_UNKNOWN."""
        found = await self.reader.order(account_id, order_id=order_id, client_order_id=client_order_id)
        if found is not None:
            return found
        await self._require(account_id)
        key = str(order_id) if order_id is not None else client_order_id
        raise EngineError(Kind.NOT_FOUND, "ORDER_UNKNOWN", f"the account has no order {key}", key=key)

    async def orders(self, account_id: AccountId, page: Page) -> Sequence[Order]:
        """Orders, newest first."""
        return await self.reader.orders(account_id, page) or await self._none(account_id)

    async def fills(self, account_id: AccountId, page: Page) -> Sequence[Fill]:
        """Fills, newest first."""
        return await self.reader.fills(account_id, page) or await self._none(account_id)

    async def entries(self, account_id: AccountId, page: Page) -> Sequence[LedgerEntry]:
        """Movements of money, newest first."""
        return await self.reader.entries(account_id, page) or await self._none(account_id)

    async def changes(self, account_id: AccountId, since: int, limit: int) -> tuple[Sequence[Change], int]:
        """Journal entries after `since`, oldest first, and the account's last sequence."""
        changes, last = await self.reader.changes(account_id, since, limit)
        if not last:
            raise account_unknown(account_id)
        return changes, last

    async def _none(self, account_id: AccountId) -> tuple[()]:
        await self._require(account_id)
        return ()

    async def _require(self, account_id: AccountId) -> None:
        if await self.reader.version_of(account_id) is None:
            raise account_unknown(account_id)
