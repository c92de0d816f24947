"""What an account is worth and what it must hold, at the quotes of a moment.

Profit and margin are figures per symbol: each is converted and rounded once, and sums are of the rounded figures.
Profit converts as it would be booked: a gain at the bid, a loss at the ask; margin as a loss.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from services.kernel.conversion import BidAsk, Flow
from services.kernel.instrument import Instrument
from services.kernel.margin import margin_currency, total_margin
from services.kernel.money import ZERO, Side, quantise, round_to
from services.kernel.pnl import total_profit
from services.oms.domain.market import Market
from services.oms.domain.state import FLAT, Account, AccountState, Exposure, Position

PERCENT_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Profit:
    """An unrealised profit. `current` is False where a price or rate is old, `known` is False where there is none."""

    amount: Decimal
    current: bool
    known: bool


UNKNOWN = Profit(ZERO, False, False)


@dataclass(frozen=True, slots=True)
class Summary:
    """The money of an account at a moment, in its currency."""

    balance: Decimal
    unrealised: Decimal
    equity: Decimal
    margin_used: Decimal
    free_margin: Decimal
    margin_level: Decimal | None
    sequence: int
    at: datetime
    prices_current: bool


def summarise(state: AccountState, market: Market, now: datetime) -> Summary:
    """The account's figures; what has no price counts as zero and is told by `prices_current`."""
    unrealised = unrealised_profit(state, market)
    margin, margin_known, _ = margin_used(state, market)
    equity = state.balance + unrealised.amount
    return Summary(
        balance=state.balance,
        unrealised=unrealised.amount,
        equity=equity,
        margin_used=margin,
        free_margin=equity - margin,
        margin_level=round_to(equity / margin * 100, PERCENT_DIGITS) if margin else None,
        sequence=state.sequence,
        at=max(now, state.last_at),
        prices_current=unrealised.current and margin_known,
    )


def unrealised_profit(state: AccountState, market: Market) -> Profit:
    """The profit of all open positions: longs at the bid, shorts at the ask."""
    total, current, known = ZERO, True, True
    for symbol, exposure in state.exposures.items():
        profit = exposure_profit(state.account, symbol, exposure, market)
        total += profit.amount
        current = current and profit.current
        known = known and profit.known
    return Profit(total, current, known)


def exposure_profit(account: Account, symbol: str, exposure: Exposure, market: Market) -> Profit:
    """The profit of all positions of one symbol."""
    instrument, fresh = market.terms.instruments.get(symbol), market.fresh(symbol)
    quote = fresh or market.last(symbol)
    if instrument is None or quote is None:
        return UNKNOWN
    return _converted(account, instrument, _exact_profit(instrument, exposure, quote), market, fresh is not None)


def position_profit(account: Account, position: Position, market: Market) -> Decimal | None:
    """The profit of one position; None without a price."""
    profit = exposure_profit(account, position.symbol, FLAT.plus(position), market)
    return profit.amount if profit.known else None


def margin_used(state: AccountState, market: Market) -> tuple[Decimal, bool, dict[str, Decimal | None]]:
    """The margin that all open positions hold, whether every part of it is known, and the parts by symbol."""
    parts: dict[str, Decimal | None] = {
        symbol: exposure_margin(state.account, symbol, exposure, market) for symbol, exposure in state.exposures.items()
    }
    known = [part for part in parts.values() if part is not None]
    return sum(known, ZERO), len(known) == len(parts), parts


def exposure_margin(account: Account, symbol: str, exposure: Exposure, market: Market) -> Decimal | None:
    """The margin of one symbol: that of the larger side. None when the instrument or the rate is not known."""
    instrument = market.terms.instruments.get(symbol)
    if instrument is None:
        return None
    rate = market.last_rate(margin_currency(instrument), account.currency, Flow.LOSS)
    if rate is None:
        return None
    part = market.terms.margin_rate(instrument, account.group)
    margin = max(
        total_margin(instrument, part, exposure.long_quantity, exposure.long_cost),
        total_margin(instrument, part, exposure.short_quantity, exposure.short_cost),
    )
    return quantise(margin * rate, account.currency)


def _exact_profit(instrument: Instrument, exposure: Exposure, quote: BidAsk) -> Decimal:
    profit = ZERO
    if exposure.long_quantity:
        profit += total_profit(instrument, Side.BUY, exposure.long_quantity, exposure.long_cost, quote.bid)
    if exposure.short_quantity:
        profit += total_profit(instrument, Side.SELL, exposure.short_quantity, exposure.short_cost, quote.ask)
    return profit


def _converted(account: Account, instrument: Instrument, exact: Decimal, market: Market, current: bool) -> Profit:
    flow = Flow.GAIN if exact >= 0 else Flow.LOSS
    rate = market.fresh_rate(instrument.quote_currency, account.currency, flow)
    if rate is None:
        current = False
        rate = market.last_rate(instrument.quote_currency, account.currency, flow)
    return UNKNOWN if rate is None else Profit(quantise(exact * rate, account.currency), current, True)
