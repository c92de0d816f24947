"""Every figure of an answer, computed a second time."""

import time
from dataclasses import dataclass
from decimal import Decimal

from cli.demo import figures
from cli.demo.feed import Feed
from cli.demo.figures import Terms
from cli.demo.reply import PATIENCE_S, Json, Wrong
from cli.demo.report import Report
from cli.demo.rest import RestClient

BUY, SELL = "SIDE_BUY", "SIDE_SELL"

_QUOTES_COMPARED = 100
_LOOKS = 25
_LOOK_AGAIN_S = 0.05
_QUOTE_COMES_S = 1.0


@dataclass(frozen=True, slots=True)
class Trade:
    """An order that was carried out."""

    request: Json
    order: Json
    fill: Json
    summary: Json
    ms: float


class Recount:
    """Compares what an account was told with what the quotes seen and the rules give."""

    def __init__(self, account: Json, rest: RestClient, feed: Feed, terms: dict[str, Terms], report: Report) -> None:
        self._account_id: str = account["account_id"]
        self._currency: str = account["currency"]
        self._group: str = account["group"]
        self._rest = rest
        self._feed = feed
        self._terms = terms
        self._report = report

    def filled(self, trade: Trade, lots: Decimal) -> None:
        fill = trade.fill
        self._report.equal("quantity", _d(fill["quantity"]), lots)
        self._report.equal("average price", _d(trade.order["average_price"]), _d(fill["price"]))
        self._check_price(fill)

    def _check_price(self, fill: Json) -> None:
        symbol, price = fill["symbol"], _d(fill["price"])
        book, by_id = self._feed.quotes, fill["quote_id"]
        self._feed.wait_for(lambda: book.named(symbol, by_id) is not None, _QUOTE_COMES_S)
        with self._feed.watching:
            named, recent = book.named(symbol, by_id), book.recent(symbol, _QUOTES_COMPARED)
        if named is not None:
            quoted = named.ask if fill["side"] == BUY else named.bid
            self._report.equal(f"price of quote {by_id}:", price, quoted)
            return
        # The WebSocket shows the newest quote, not each: the one traded on may have been skipped.
        sides = [quote.ask if fill["side"] == BUY else quote.bid for quote in recent]
        room = max((quote.ask - quote.bid for quote in recent), default=Decimal(0))
        within = bool(sides) and min(sides) - room <= price <= max(sides) + room
        self._report.check(within, f"price {price} lies within what was quoted (quote {by_id} was skipped)")

    def standing(self, trade: Trade) -> None:
        """The position stands as filled; its profit and margin are those at a quote that we saw."""
        fill, terms = trade.fill, self._terms[trade.fill["symbol"]]
        position: Json = {}
        right_profit = right_margin = False
        for _ in range(_LOOKS):
            position = self._position(fill["position_id"])
            lots, opened = _d(position["quantity"]), _d(position["open_price"])
            right_profit = _d(position.get("unrealized_pnl", "NaN")) in self._profits(
                terms, position["side"], lots, opened
            )
            right_margin = _d(position.get("margin", "NaN")) in self._margins(terms, lots, opened)
            if right_profit and right_margin:
                break
            time.sleep(_LOOK_AGAIN_S)
        self._report.equal("position opened at", _d(position["open_price"]), _d(fill["price"]))
        self._report.check(
            right_profit, f"unrealised profit {position.get('unrealized_pnl')} {self._currency} at the quote"
        )
        self._report.check(right_margin, f"margin {position.get('margin')} {self._currency}")

    def _position(self, position_id: str) -> Json:
        for position in self._positions():
            if position["position_id"] == position_id:
                return dict(position)
        raise Wrong(f"position {position_id} is not listed")

    def _positions(self) -> list[Json]:
        reply = self._rest.get(f"/v1/accounts/{self._account_id}/positions")
        return list(self._report.good("positions", reply).body["positions"])

    def _profits(self, terms: Terms, side: str, lots: Decimal, opened: Decimal) -> set[Decimal]:
        with self._feed.watching:
            quotes = self._feed.quotes.recent(terms.symbol, _QUOTES_COMPARED)
        amounts = {figures.profit(terms, side, lots, opened, q.bid if side == BUY else q.ask) for q in quotes}
        return {
            figures.converted(amount, rate, self._currency)
            for amount in amounts
            for rate in self._rates(terms.quote, amount >= 0)
        }

    def _margins(self, terms: Terms, lots: Decimal, opened: Decimal) -> set[Decimal]:
        held, source = figures.margin(terms, self._group, lots, opened), figures.margin_currency(terms)
        # What is held is owed, so it is dear: converted as a loss is.
        return {figures.converted(held, rate, self._currency) for rate in self._rates(source, gain=False)}

    def _rates(self, source: str, gain: bool) -> set[Decimal]:
        with self._feed.watching:
            book = self._feed.quotes
            seen = {symbol: book.recent(symbol, _QUOTES_COMPARED) for symbol in self._terms}
        return figures.rates(source, self._currency, gain, seen)

    def consistent(self, summary: Json) -> None:
        """The figures fit each other."""
        balance, open_profit = _d(summary["balance"]), _d(summary["unrealized_pnl"])
        equity, used = _d(summary["equity"]), _d(summary["margin_used"])
        self._report.equal("equity = balance + open profit:", equity, balance + open_profit)
        self._report.equal("free margin = equity − margin:", _d(summary["free_margin"]), equity - used)
        if used:
            told = _d(summary["margin_level"])
            off = abs(told - figures.margin_level(equity, used))
            self._report.check(off <= _rounding(told), f"margin level {told} %")

    def pushed(self, trade: Trade) -> None:
        """The order and its fill were pushed, once, as they were answered."""
        order_id, mirror = trade.order["order_id"], self._feed.mirrors[self._account_id]
        pushed = self._feed.wait_for(lambda: bool(mirror.about_order(order_id, "fill")), PATIENCE_S)
        with self._feed.watching:
            fills = [fill for _, fill in mirror.about_order(order_id, "fill")]
        same = [(fill["fill_id"], fill["price"], fill["realized_pnl"]) for fill in fills]
        told = (trade.fill["fill_id"], trade.fill["price"], trade.fill["realized_pnl"])
        self._report.check(pushed and same == [told], "the fill was pushed on the WebSocket, once")

    def closed(self, opened: Trade, closed: Trade) -> None:
        terms, fill = self._terms[closed.fill["symbol"]], closed.fill
        lots, price, rate = _d(fill["quantity"]), _d(fill["price"]), _d(fill["conversion_rate"])
        amount = figures.profit(terms, opened.fill["side"], lots, _d(opened.fill["price"]), price)
        self._check_price(fill)
        self._check_rate(terms, rate, amount >= 0)
        realised = figures.converted(amount, rate, self._currency)
        self._report.equal(
            f"realised {amount} {terms.quote} at {rate:.6f}, in {self._currency}:", _d(fill["realized_pnl"]), realised
        )
        self._check_booked(opened, closed, realised)
        self.consistent(closed.summary)
        self.pushed(closed)

    def _check_rate(self, terms: Terms, rate: Decimal, gain: bool) -> None:
        known = self._rates(terms.quote, gain)
        right = any(abs(rate - seen) <= _rounding(rate) for seen in known)
        self._report.check(right, f"rate {terms.quote}/{self._currency} {rate:.6f} was quoted")

    def _check_booked(self, opened: Trade, closed: Trade, realised: Decimal) -> None:
        since = int(opened.summary["sequence"])
        path = f"/v1/accounts/{self._account_id}/changes"
        page = self._report.good("changes", self._rest.get(path, since_sequence=since, limit=1000)).body["changes"]
        upto = int(closed.summary["sequence"])
        entries = [c["ledger_entry"] for c in page if "ledger_entry" in c and int(c["sequence"]) <= upto]
        mine = [_d(entry["amount"]) for entry in entries if entry.get("order_id") == closed.order["order_id"]]
        self._report.check(sum(mine) == realised and len(mine) <= 1, f"booked once: {realised} {self._currency}")
        moved = sum((_d(entry["amount"]) for entry in entries), Decimal(0))
        self._report.equal("balance", _d(closed.summary["balance"]), _d(opened.summary["balance"]) + moved)


def _d(text: str) -> Decimal:
    return Decimal(text)


def _rounding(told: Decimal) -> Decimal:
    """How far the truth may be from a figure that was rounded to its last digit."""
    return Decimal(5).scaleb(int(told.as_tuple().exponent) - 1)
