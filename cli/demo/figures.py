"""The arithmetic of trading, written down a second time: the demo trusts no figure that it can compute itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from cli.demo.reply import Json

# The most that the groups of the demo broker may lever. The API tells a client its group, not this.
LEVERAGES = {"standard": Decimal(50), "pro": Decimal(200)}

_EXACT = Context(prec=34, rounding=ROUND_HALF_UP)
_COINS = {"JPY": Decimal(1)}
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Terms:
    """What of an instrument goes into the figures."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    contract: Decimal
    margin_rate: Decimal
    by_notional: bool

    @classmethod
    def of(cls, instrument: Json) -> "Terms":
        """The terms that the API tells."""
        return cls(
            symbol=instrument["symbol"],
            base=instrument["base_currency"],
            quote=instrument["quote_currency"],
            tick=Decimal(1).scaleb(-int(instrument["digits"])),
            contract=Decimal(instrument["contract_size"]),
            margin_rate=Decimal(instrument["margin_rate"]),
            by_notional=instrument["asset_class"] != "ASSET_CLASS_FOREX",
        )


@dataclass(frozen=True, slots=True)
class Price:
    """Both sides of a quote."""

    bid: Decimal
    ask: Decimal


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the smallest coin, half away from zero."""
    with localcontext(_EXACT):
        return amount.quantize(_COINS.get(currency, _CENT))


def profit(terms: Terms, side: str, lots: Decimal, opened: Decimal, closed: Decimal) -> Decimal:
    """(close − open) × lots × contract size, in the quote currency; the negative for a short position."""
    with localcontext(_EXACT):
        move = closed - opened if side == "SIDE_BUY" else opened - closed
        return move * lots * terms.contract


def converted(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The amount at the rate, rounded once."""
    with localcontext(_EXACT):
        return rounded(amount * rate, currency)


def rates(source: str, target: str, gain: bool, seen: Mapping[str, Iterable[Price]]) -> set[Decimal]:
    """Every rate that the quotes seen allow: a gain at the bid of the source currency, a loss at the ask."""
    with localcontext(_EXACT):
        if source == target:
            return {Decimal(1)}
        direct = {price.bid if gain else price.ask for price in seen.get(source + target, ())}
        inverse = {1 / (price.ask if gain else price.bid) for price in seen.get(target + source, ())}
        return direct | inverse


def margin(terms: Terms, group: str, lots: Decimal, opened: Decimal) -> Decimal:
    """What a position holds: of the base currency for a pair, of the notional value in the quote currency else."""
    with localcontext(_EXACT):
        part = max(terms.margin_rate, 1 / LEVERAGES[group])
        held = lots * terms.contract * part
        return held * opened if terms.by_notional else held


def margin_currency(terms: Terms) -> str:
    """The currency that `margin` is in."""
    return terms.quote if terms.by_notional else terms.base


def margin_level(equity: Decimal, used: Decimal) -> Decimal:
    """equity / margin × 100."""
    with localcontext(_EXACT):
        return equity / used * 100
