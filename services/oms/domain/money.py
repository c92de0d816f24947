"""Deciding about accounts and cash."""

from dataclasses import replace
from datetime import datetime

from services.kernel.errors import EngineError, Kind
from services.kernel.ids import AccountId, NewId, TransactionId
from services.kernel.money import minor_digits, quantise, text
from services.oms.domain.commands import Deposit, OpenAccount
from services.oms.domain.events import AccountOpened, MoneyBooked
from services.oms.domain.ledger import LedgerEntry, LedgerKind, deposit_postings
from services.oms.domain.state import AccountState


def account_unknown(account_id: AccountId) -> EngineError:
    """There is no such account."""
    return EngineError(
        Kind.NOT_FOUND, "ACCOUNT_UNKNOWN", f"there is no account {account_id}", accountId=str(account_id)
    )


def open_account(state: AccountState | None, command: OpenAccount, now: datetime) -> AccountOpened | None:
    """Opens the account; None when the same account stands already. Raises when another one has its id."""
    if state is None:
        return AccountOpened(replace(command.account, opened_at=now), now)
    if state.account.same_as(command.account):
        return None
    raise account_exists("account_id", str(command.account_id))


def account_exists(field: str, value: str) -> EngineError:
    """Another account has the id or number."""
    return EngineError(Kind.CONFLICT, "ACCOUNT_EXISTS", f"another account has the {field} {value}", field=field)


def deposit(state: AccountState, command: Deposit, now: datetime, new_id: NewId) -> MoneyBooked:
    """Books money paid in."""
    account, at = state.account, max(now, state.last_at)
    amount = quantise(command.amount, account.currency)
    if command.amount <= 0 or amount != command.amount:
        raise EngineError(
            Kind.INVALID,
            "AMOUNT_INVALID",
            f"amount must be above 0 with at most {minor_digits(account.currency)} decimals, "
            f"was {text(command.amount)}",
            field="amount",
        )
    entry = LedgerEntry(
        transaction_id=TransactionId(new_id()),
        account_id=account.account_id,
        kind=LedgerKind.DEPOSIT,
        amount=amount,
        currency=account.currency,
        balance_after=state.balance + amount,
        order_id=None,
        at=at,
    )
    postings = deposit_postings(account.account_id, account.currency, amount)
    return MoneyBooked(entry, postings, command.request_id, command.request_hash, at)
