"""Money: deposits, double entry, accounts."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.errors import EngineError
from services.oms.domain.events import AccountOpened, apply
from services.oms.domain.ledger import Posting, Realised, client_account, deposit_postings, trade_postings
from services.oms.domain.money import account_unknown, deposit, open_account
from tests.fakes.oms import NOW, account, account_id, ids, opening, paying

amounts = st.decimals(min_value="-1e9", max_value="1e9", places=7)
rates = st.decimals(min_value="0.00001", max_value="100000", places=9)
currencies = st.sampled_from(["USD", "EUR", "JPY", "BTC"])


def totals(postings: tuple[Posting, ...]) -> dict[str, Decimal]:
    """The sum of the postings by currency."""
    sums: dict[str, Decimal] = {}
    for posting in postings:
        sums[posting.currency] = sums.get(posting.currency, Decimal(0)) + posting.amount
    return sums


@given(amounts, rates, currencies, currencies)
def test_trade_postings_then_sum_to_zero_in_each_currency(exact: Decimal, rate: Decimal, quote: str, home: str) -> None:
    realised = Realised(exact, quote, Decimal(1) if quote == home else rate, home)
    postings = trade_postings(account_id(1), realised)
    assert all(total == 0 for total in totals(postings).values())
    assert postings[0] == Posting(client_account(account_id(1)), home, realised.booked)


def test_trade_postings_when_a_rate_has_many_digits_then_still_sum_to_zero() -> None:
    realised = Realised(Decimal("-1000.000"), "JPY", 1 / Decimal("150.003"), "USD")
    postings = trade_postings(account_id(1), realised)
    assert totals(postings) == {"USD": 0, "JPY": 0}
    assert [posting.ledger_account.partition(":")[0] for posting in postings] == [
        "client",
        "house",
        "conversion",
        "conversion",
        "rounding",
    ]


def test_trade_postings_when_nothing_is_rounded_then_none_is_for_rounding() -> None:
    postings = trade_postings(account_id(1), Realised(Decimal("12.34"), "USD", Decimal(1), "USD"))
    assert [posting.ledger_account for posting in postings] == [client_account(account_id(1)), "house:trading"]


def test_deposit_then_is_booked_against_the_cash_account() -> None:
    state = apply(None, AccountOpened(account(), NOW))
    event = deposit(state, paying(amount="12.30"), NOW, ids())
    assert apply(state, event).balance == Decimal("12.30")
    assert event.postings == deposit_postings(account_id(1), "USD", Decimal("12.30"))
    assert totals(event.postings) == {"USD": 0}


@pytest.mark.parametrize(
    ("amount", "currency"), [("0", "USD"), ("0.001", "USD"), ("1.5", "JPY"), ("0.000000001", "BTC")]
)
def test_deposit_when_not_an_amount_of_the_currency_then_is_refused(amount: str, currency: str) -> None:
    state = apply(None, AccountOpened(account(currency=currency), NOW))
    with pytest.raises(EngineError) as caught:
        deposit(state, paying(amount=amount), NOW, ids())
    assert caught.value.reason == "AMOUNT_INVALID"


def test_open_account_when_it_stands_in_the_same_words_then_does_nothing() -> None:
    state = apply(None, AccountOpened(account(), NOW))
    assert open_account(state, opening(), NOW) is None


@pytest.mark.parametrize("change", [{"currency": "EUR"}, {"number": "D-9"}, {"group": "other"}, {"tenant": "x"}])
def test_open_account_when_it_stands_in_other_words_then_conflicts(change: dict[str, str]) -> None:
    state = apply(None, AccountOpened(account(), NOW))
    command = replace(opening(), account=replace(account(), **change))
    with pytest.raises(EngineError) as caught:
        open_account(state, command, NOW)
    assert caught.value.reason == "ACCOUNT_EXISTS"


def test_account_unknown_then_names_it() -> None:
    assert account_unknown(account_id(3)).metadata == {"accountId": str(account_id(3))}
