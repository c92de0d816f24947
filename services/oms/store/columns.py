"""A batch as columns: one array a column, for one statement over `unnest`.

Decimals go as text and are cast by the server: encoding them as binary numerics costs several times as much here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from services.kernel.ids import AccountId, id_text
from services.oms.convert.journal import TOPIC
from services.oms.domain.events import MoneyBooked, OrderAccepted, OrderFilled, OrderRejected, PositionChanged
from services.oms.domain.orders import Order
from services.oms.domain.state import Position
from services.oms.ports import AccountCommit

Row = tuple[Any, ...]


def transposed(rows: Sequence[Row], width: int) -> list[list[Any]]:
    """Columns of the rows; `width` empty ones when there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def changed_accounts(commits: Iterable[AccountCommit]) -> list[Row]:
    """Accounts that exist."""
    return [
        (
            commit.account_id,
            commit.version_before,
            str(commit.after.state.balance),
            commit.after.state.sequence,
            commit.after.journal_hash,
            commit.after.state.last_at,
        )
        for commit in commits
        if commit.version_before
    ]


def opened_accounts(commits: Iterable[AccountCommit]) -> list[Row]:
    """Accounts that are new."""
    return [_opened(commit) for commit in commits if not commit.version_before]


def _opened(commit: AccountCommit) -> Row:
    state = commit.after.state
    account = state.account
    return (
        account.account_id,
        account.tenant,
        account.user_id,
        account.number,
        account.currency,
        account.mode.value,
        account.group,
        account.opened_at,
        str(state.balance),
        commit.after.version,
        state.sequence,
        commit.after.journal_hash,
        state.last_at,
    )


def orders(commits: Iterable[AccountCommit]) -> list[Row]:
    """Orders as they stand after the batch."""
    rows: list[Row] = []
    for commit in commits:
        last: dict[Any, Order] = {}
        for event in commit.events:
            if isinstance(event, OrderAccepted | OrderFilled | OrderRejected):
                last[event.order.order_id] = event.order
        rows += [_order(order) for order in last.values()]
    return rows


def _order(order: Order) -> Row:
    return (
        order.account_id,
        order.order_id,
        order.client_order_id,
        order.request_hash,
        order.symbol,
        order.side.value,
        order.type.value,
        str(order.quantity.value),
        str(order.filled_quantity.value),
        None if order.average_price is None else str(order.average_price.value),
        order.state.value,
        order.reject_reason.value,
        order.position_id,
        order.submitted_at,
        order.updated_at,
    )


def fills(commits: Iterable[AccountCommit]) -> list[Row]:
    """Fills and how they came about."""
    return [_fill(event) for commit in commits for event in commit.events if isinstance(event, OrderFilled)]


def _fill(event: OrderFilled) -> Row:
    fill, route = event.fill, event.route
    return (
        fill.account_id,
        fill.fill_id,
        fill.order_id,
        fill.position_id,
        fill.symbol,
        fill.side.value,
        str(fill.quantity.value),
        str(fill.price.value),
        str(fill.realized_pnl),
        str(fill.conversion_rate),
        fill.quote_id,
        event.quote_age_us,
        route.book,
        route.rule_id,
        route.rule_version,
        fill.at,
    )


def positions(commits: Iterable[AccountCommit]) -> list[Row]:
    """Positions as they stand after the batch."""
    rows: list[Row] = []
    for commit in commits:
        last: dict[Any, PositionChanged] = {}
        for event in commit.events:
            if isinstance(event, PositionChanged):
                last[event.position.position_id] = event
        rows += [_position(commit.account_id, event.position, event.at) for event in last.values()]
    return rows


def _position(account_id: AccountId, position: Position, updated_at: Any) -> Row:
    return (
        account_id,
        position.position_id,
        position.symbol,
        position.side.value,
        str(position.quantity.value),
        str(position.open_price.value),
        position.opened_at,
        updated_at,
    )


def entries(commits: Iterable[AccountCommit]) -> list[Row]:
    """Movements of money."""
    return [_entry(event) for event in _booked(commits)]


def _entry(event: MoneyBooked) -> Row:
    entry = event.entry
    return (
        entry.account_id,
        entry.transaction_id,
        entry.kind.value,
        str(entry.amount),
        entry.currency,
        str(entry.balance_after),
        entry.order_id,
        event.request_id or None,
        event.request_hash or None,
        entry.at,
    )


def postings(commits: Iterable[AccountCommit]) -> list[Row]:
    """Both sides of every movement."""
    return [
        (
            event.entry.account_id,
            event.entry.transaction_id,
            ordinal,
            posting.ledger_account,
            posting.currency,
            str(posting.amount),
        )
        for event in _booked(commits)
        for ordinal, posting in enumerate(event.postings, start=1)
    ]


def _booked(commits: Iterable[AccountCommit]) -> Iterator[MoneyBooked]:
    return (event for commit in commits for event in commit.events if isinstance(event, MoneyBooked))


def journal(commits: Iterable[AccountCommit]) -> list[Row]:
    """Journal entries."""
    return [(commit.account_id, row.sequence, row.payload, row.hash) for commit in commits for row in commit.journal]


def outbox(commits: Iterable[AccountCommit]) -> list[Row]:
    """One event an account."""
    return [(TOPIC, id_text(commit.account_id), commit.event_id, commit.changed) for commit in commits]
