"""Double entry: every movement of money is postings that sum to zero in each currency."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from services.kernel.ids import AccountId, OrderId, TransactionId, id_text
from services.kernel.money import quantise

CASH_DEPOSITS = "cash:deposits"
HOUSE_TRADING = "house:trading"


class LedgerKind(IntEnum):
    """What a movement of money is; the numbers are those of the contracts."""

    DEPOSIT = 1
    REALIZED_PNL = 2


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a double entry."""

    ledger_account: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One movement on a client's account, in the account's currency."""

    transaction_id: TransactionId
    account_id: AccountId
    kind: LedgerKind
    amount: Decimal
    currency: str
    balance_after: Decimal
    order_id: OrderId | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Realised:
    """A profit or loss: exact in the quote currency, the rate that it is converted with, and what is booked."""

    exact: Decimal
    currency: str
    rate: Decimal
    account_currency: str

    @property
    def booked(self) -> Decimal:
        """The amount for the client's account: converted, then rounded once."""
        return quantise(self.exact * self.rate, self.account_currency)


def client_account(account_id: AccountId) -> str:
    """The ledger account of a client's money."""
    return f"client:{id_text(account_id)}"


def deposit_postings(account_id: AccountId, currency: str, amount: Decimal) -> tuple[Posting, ...]:
    """Money comes in from outside."""
    return (
        Posting(client_account(account_id), currency, amount),
        Posting(CASH_DEPOSITS, currency, -amount),
    )


def trade_postings(account_id: AccountId, realised: Realised) -> tuple[Posting, ...]:
    """The house pays the profit in the quote currency; what conversion and rounding leave has accounts of its own."""
    home, booked = realised.account_currency, realised.booked
    converted = realised.exact * realised.rate
    postings = [Posting(client_account(account_id), home, booked)]
    postings.append(Posting(HOUSE_TRADING, realised.currency, -realised.exact))
    if realised.currency != home:
        postings.append(Posting(f"conversion:{realised.currency}", realised.currency, realised.exact))
        postings.append(Posting(f"conversion:{home}", home, -converted))
    if converted != booked:
        postings.append(Posting(f"rounding:{home}", home, converted - booked))
    return tuple(postings)
