"""The demo must notice when a figure is wrong."""

from decimal import Decimal
from typing import Any

import pytest

from cli.demo.feed import Feed
from cli.demo.figures import Terms
from cli.demo.recount import Recount, Trade
from cli.demo.reply import Reply
from cli.demo.report import Report

ACCOUNT = {"account_id": "a1", "currency": "USD", "group": "standard"}
TERMS = {
    "EURUSD": Terms("EURUSD", "EUR", "USD", Decimal("0.00001"), Decimal(100000), Decimal("0.0333"), by_notional=False)
}
ENTRY = {"sequence": "9", "ledger_entry": {"amount": "2.00", "order_id": "o2"}}


class Rest:
    """Answers every call with the same body."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def get(self, _: str, **__: Any) -> Reply:
        return Reply("OK", body=self.body)


def feed() -> Feed:
    made = Feed(lambda: ("", ""), ["EURUSD"], ["a1"])
    for number, (bid, ask) in enumerate((("1.08340", "1.08342"), ("1.08362", "1.08364"))):
        quote = {"symbol": "EURUSD", "quote_id": f"1-{number}", "bid": bid, "ask": ask}
        made.take({"ch": "quotes", "type": "delta", "data": [quote]})
    return made


def summary(**changed: str) -> dict[str, str]:
    figures = {"balance": "1002.00", "unrealized_pnl": "0.00", "equity": "1002.00", "margin_used": "0.00"}
    return {**figures, "free_margin": "1002.00", "sequence": "9", **changed}


def fill(**changed: str) -> dict[str, str]:
    made = {"fill_id": "f1", "order_id": "o2", "symbol": "EURUSD", "side": "SIDE_SELL", "quantity": "0.10"}
    return {**made, "price": "1.08362", "realized_pnl": "2.00", "conversion_rate": "1", "quote_id": "1-1", **changed}


OPENED = Trade(
    request={},
    order={"order_id": "o1"},
    fill=fill(order_id="o1", side="SIDE_BUY", price="1.08342", realized_pnl="0", quote_id="1-0"),
    summary=summary(balance="1000.00", sequence="5"),
    ms=1.0,
)


def faults(closing: dict[str, str], after: dict[str, str], changes: list[dict[str, Any]]) -> list[str]:
    report = Report(quiet=True)
    watching = feed()
    told = {"sequence": "8", "fill": {**closing, "order_id": "o2"}}
    watching.take({"ch": "account", "account_id": "a1", "type": "delta", "data": {"changes": [told]}})
    rest: Any = Rest({"changes": changes})
    recount = Recount(ACCOUNT, rest, watching, TERMS, report)
    recount.closed(OPENED, Trade({}, {"order_id": "o2"}, closing, after, 1.0))
    return report.faults


def test_right_figures_pass() -> None:
    assert faults(fill(), summary(), [ENTRY]) == []


@pytest.mark.parametrize(
    ("closing", "after", "changes", "fault"),
    [
        (fill(realized_pnl="2.01"), summary(), [ENTRY], "told 2.01, should be 2.00"),
        (fill(price="1.08363"), summary(), [ENTRY], "price of quote 1-1: told 1.08363, should be 1.08362"),
        (fill(conversion_rate="1.1"), summary(), [ENTRY], "rate USD/USD 1.100000 was quoted"),
        (fill(), summary(balance="1002.01"), [ENTRY], "balance: told 1002.01, should be 1002.00"),
        (fill(), summary(equity="1002.01"), [ENTRY], "equity = balance + open profit: told 1002.01"),
        (fill(), summary(free_margin="1.00"), [ENTRY], "free margin = equity − margin: told 1.00"),
        (fill(), summary(), [ENTRY, ENTRY], "booked once"),
        (fill(), summary(), [], "booked once"),
    ],
)
def test_a_wrong_figure_is_found(
    closing: dict[str, str], after: dict[str, str], changes: list[dict[str, Any]], fault: str
) -> None:
    assert any(fault in each for each in faults(closing, after, changes))
