"""What the WebSocket alone tells: the quotes it showed, and an account rebuilt from its events."""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from cli.demo.figures import Price
from cli.demo.reply import Json

_QUOTES_KEPT = 5_000


class QuoteBook:
    """The quotes seen, by symbol: the newest, those of late, and each by its id."""

    def __init__(self) -> None:
        self.newest: dict[str, Json] = {}
        self.count: dict[str, int] = {}
        self._recent: dict[str, deque[tuple[str, Price]]] = {}

    def add(self, quote: Json) -> None:
        """Takes in a quote; one with a side missing is counted only."""
        symbol = quote["symbol"]
        self.newest[symbol] = quote
        self.count[symbol] = self.count.get(symbol, 0) + 1
        if quote.get("bid") and quote.get("ask"):
            price = Price(Decimal(quote["bid"]), Decimal(quote["ask"]))
            self._recent.setdefault(symbol, deque(maxlen=_QUOTES_KEPT)).append((quote["quote_id"], price))

    def named(self, symbol: str, quote_id: str) -> Price | None:
        """The quote of that id, if it was shown."""
        return next((price for name, price in reversed(self._recent.get(symbol, ())) if name == quote_id), None)

    def recent(self, symbol: str, last: int = _QUOTES_KEPT) -> list[Price]:
        """The prices shown, newest first."""
        seen = self._recent.get(symbol, ())
        return [price for _, price in list(seen)[: -last - 1 : -1]]


@dataclass
class Mirror:
    """An account as its events tell it, from a snapshot on."""

    sequence: int | None = None
    balance: Decimal | None = None
    positions: dict[str, Json] = field(default_factory=dict)
    summary: Json = field(default_factory=dict)
    changes: list[tuple[float, Json]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def start(self, snapshot: Json) -> None:
        """Takes over a snapshot."""
        self.summary = snapshot["summary"]
        self.sequence = int(self.summary["sequence"])
        self.balance = Decimal(self.summary["balance"])
        self.positions = {position["position_id"]: position for position in snapshot.get("positions", [])}

    def follow(self, delta: Json, received: float) -> None:
        """Takes in the changes of a delta, in order, and notes every gap and repetition."""
        for change in delta.get("changes", []):
            sequence = int(change["sequence"])
            if self.sequence is not None and sequence != self.sequence + 1:
                self.faults.append(f"event {sequence} came after event {self.sequence}")
            self.sequence = sequence
            self.changes.append((received, change))
            self._apply(change)
        self.summary = delta.get("summary", self.summary)

    def about_order(self, order_id: str, kind: str) -> list[tuple[float, Json]]:
        """The changes of one kind that an order made, with when they were received."""
        told = [(at, change[kind]) for at, change in self.changes if kind in change]
        return [(at, change) for at, change in told if change.get("order_id") == order_id]

    def _apply(self, change: Json) -> None:
        if "position" in change:
            position = change["position"]
            if Decimal(position["quantity"]):
                self.positions[position["position_id"]] = position
            else:
                self.positions.pop(position["position_id"], None)
        if "ledger_entry" in change:
            self._book(change["ledger_entry"])

    def _book(self, entry: Json) -> None:
        after = Decimal(entry["balance_after"])
        if self.balance is not None and self.balance + Decimal(entry["amount"]) != after:
            self.faults.append(f"{self.balance} and {entry['amount']} booked make {after}")
        self.balance = after
