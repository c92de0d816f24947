"""The worked examples that brokers publish, as far as the kernel's arithmetic applies to them."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.kernel.instrument import Instrument, MarginMode
from services.kernel.margin import Leg, leg_margin, symbol_margin
from services.kernel.money import Price, Quantity, Side, quantise
from services.kernel.pnl import profit

# A copy of the published examples; without it there is nothing to compare with.
FILE = Path(os.environ.get("TRADELOOM_VECTORS", Path(__file__).parent / "published.json"))


def vector(vector_id: str) -> dict[str, Any]:
    """One example; the test is skipped where the file is not there."""
    if not FILE.is_file():
        pytest.skip(f"no published vectors at {FILE}; set TRADELOOM_VECTORS")
    found = [entry for entry in json.loads(FILE.read_text())["vectors"] if entry["id"] == vector_id]
    assert found, f"{FILE} has no vector {vector_id}"
    return dict(found[0])


def instrument(size: str, mode: MarginMode) -> Instrument:
    """An instrument of a contract size."""
    lot = Quantity(Decimal(1))
    return Instrument("X", "EUR", "USD", 5, Decimal(size), lot, lot, lot, mode, Decimal(1), 1000, True, 1)


@pytest.mark.parametrize("vector_id", ["V-01", "V-03", "V-08a"])
def test_forex_margin_when_converted_at_the_base_rate_then_is_as_published(vector_id: str) -> None:
    made = vector(vector_id)
    inputs = made["inputs"]
    quantity = Quantity(Decimal(inputs["lots"]))
    forex = instrument(str(inputs["contract"]), MarginMode.FOREX)
    margin = leg_margin(forex, 1 / Decimal(inputs["leverage"]), quantity, Price(Decimal("1.23456")))
    assert quantise(margin * Decimal(inputs["base_to_acct"]), "USD") == Decimal(made["expected"])


def test_cfd_margin_when_leveraged_then_is_as_published() -> None:
    made = vector("V-05")
    inputs = made["inputs"]
    cfd = instrument(str(inputs["contract"]), MarginMode.CFD)
    leg = Leg(Side.BUY, Quantity(Decimal(inputs["lots"])), Price(Decimal(inputs["price"])))
    margin = symbol_margin(cfd, 1 / Decimal(inputs["leverage"]), [leg])
    assert quantise(margin, "USD") == Decimal(made["expected"])


def test_esma_margin_when_given_as_a_percentage_then_is_as_published() -> None:
    made = vector("V-28")
    for (notional, percent), expected in zip(made["inputs"]["cases"], made["expected"], strict=True):
        cfd = instrument("1", MarginMode.CFD)
        margin = leg_margin(cfd, Decimal(percent) / 100, Quantity(Decimal(1)), Price(Decimal(notional)))
        assert quantise(margin, "USD") == Decimal(expected)


def test_long_profit_then_is_as_published() -> None:
    made = vector("V-21")
    inputs = made["inputs"]
    gained = profit(
        instrument(str(inputs["units"]), MarginMode.FOREX),
        Side.BUY,
        Quantity(Decimal(1)),
        Price(Decimal(inputs["open"])),
        Price(Decimal(inputs["close"])),
    )
    assert quantise(gained, "USD") == Decimal(made["expected"])


def test_profit_when_the_quote_currency_differs_then_converts_at_the_closing_price_as_published() -> None:
    made = vector("V-22")
    for (symbol, units, opened, closed), expected in zip(made["inputs"]["cases"], made["expected"], strict=True):
        gained = profit(
            instrument(str(units), MarginMode.FOREX),
            Side.BUY,
            Quantity(Decimal(1)),
            Price(Decimal(opened)),
            Price(Decimal(closed)),
        )
        rate = 1 / Decimal(closed) if symbol == "USDJPY" else Decimal(1)
        assert quantise(gained * rate, "USD") == Decimal(expected)


def test_short_profit_then_is_as_published() -> None:
    made = vector("V-23")
    inputs = made["inputs"]
    for (units, opened), expected in zip(inputs["cases"], made["expected"], strict=True):
        gained = profit(
            instrument(str(units), MarginMode.FOREX),
            Side.SELL,
            Quantity(Decimal(1)),
            Price(Decimal(opened)),
            Price(Decimal(inputs["close"])),
        )
        assert quantise(gained, "USD") == Decimal(expected)
