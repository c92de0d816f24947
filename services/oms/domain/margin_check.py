"""The margin check: may the account hold what a trade would leave it with?"""

from dataclasses import dataclass

from services.kernel.money import ZERO
from services.oms.domain.events import MarginCheck
from services.oms.domain.market import Market
from services.oms.domain.orders import RejectReason
from services.oms.domain.state import AccountState
from services.oms.domain.trade import Change
from services.oms.domain.valuation import exposure_margin, margin_used, unrealised_profit


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found. `figures` are None for a trade that needs none."""

    reason: RejectReason
    figures: MarginCheck | None = None


PASSED = Checked(RejectReason.NONE)


def check_margin(state: AccountState, symbol: str, change: Change, market: Market, quote_id: str) -> Checked:
    """Refuses a trade that takes more margin than the equity covers. One that takes no more is never refused."""
    if not change.adds:
        return PASSED
    after = exposure_margin(state.account, symbol, change.exposure_after(state, symbol), market)
    if after is None:
        return Checked(RejectReason.RATE_UNAVAILABLE)
    used, margins_known, parts = margin_used(state, market)
    before = parts.get(symbol) or ZERO  # Of one symbol, all are known or none is.
    profit = unrealised_profit(state, market)
    if after > before and not (margins_known and profit.known):
        return Checked(RejectReason.PRICE_UNAVAILABLE)
    figures = MarginCheck(state.balance + profit.amount, used - before + after, quote_id)
    if after > before and figures.equity < figures.margin_after:
        return Checked(RejectReason.MARGIN_INSUFFICIENT, figures)
    return Checked(RejectReason.NONE, figures)
