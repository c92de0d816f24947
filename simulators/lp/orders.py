"""Takes orders on the trade sessions and answers with execution reports, as the market and the script say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from simulators.lp.book import Book
from simulators.lp.codec import FORMAT_INCORRECT, BadMessage, Message, stamp
from simulators.lp.instruments import price_text
from simulators.lp.reports import Order, report
from simulators.lp.script import Rule, Script
from simulators.lp.session import Session

Later = Callable[[float, Callable[[], None]], object]
"""Does something after so many seconds."""

MARKET, LIMIT = "1", "2"
DAY, GTC, IOC, FOK = "0", "1", "3", "4"
_UNKNOWN_SYMBOL, _UNKNOWN_ORDER, _DUPLICATE, _UNSUPPORTED, _BAD_QUANTITY, _NO_PRICE = 1, 5, 6, 11, 13, 99
_TOO_LATE, _UNKNOWN_TO_CANCEL = 0, 1


@dataclass(slots=True)
class Orders:
    """Every order of the provider's clients, and what becomes of it."""

    books: dict[str, Book]
    script: Script
    later: Later
    now_us: Callable[[], int]
    execution_prefix: str
    """Makes ExecIDs and OrderIDs unique over restarts."""
    _orders: dict[str, Order] = field(default_factory=dict)
    _resting: dict[str, Order] = field(default_factory=dict)
    _count: int = 0

    def on_logon(self, session: Session) -> None:
        """Nothing to do: reports that were missed come by resend."""

    def on_logout(self, session: Session) -> None:
        """Orders outlive the connection."""

    def on_message(self, session: Session, message: Message) -> bool:
        """Takes NewOrderSingle (D), Cancel (F), Status (H) and MassStatus (AF)."""
        match message.type:
            case "D":
                self._new(session, message)
            case "F":
                self._cancel(session, message)
            case "H":
                self._status(session, message)
            case "AF":
                self._mass_status(session, message)
            case _:
                return False
        return True

    def on_quotes(self, symbols: list[str]) -> None:
        """The books of these symbols moved: resting limit orders may fill."""
        if self._resting:
            for order in [order for order in self._resting.values() if order.symbol in symbols]:
                self._match(order)

    def _new_id(self) -> str:
        self._count += 1
        return f"{self.execution_prefix}-{self._count}"

    # --- a new order ---

    def _new(self, session: Session, message: Message) -> None:
        order = self._read(session, message)
        if (refusal := self._refusal(order)) is not None:
            self._reject(order, *refusal)
            return
        self._orders[order.client_order_id] = order
        rule = self.script.rule_for(order.symbol, order.side, order.quantity)
        if rule.action == "reject":
            self._reject(order, rule.reason, rule.text)
        elif rule.action == "delay":
            self.later(rule.delay_ms / 1000, lambda: self._acknowledge(order, rule))
        else:
            self._acknowledge(order, rule)

    def _read(self, session: Session, message: Message) -> Order:
        order_type = message.text(40)
        return Order(
            session=session,
            client_order_id=message.text(11),
            order_id=self._new_id(),
            symbol=message.text(55),
            side=message.text(54),
            order_type=order_type,
            time_in_force=message.get(59) or DAY,
            quantity=_decimal(message, 38),
            limit=_decimal(message, 44) if order_type == LIMIT else None,
        )

    def _refusal(self, order: Order) -> tuple[int, str] | None:
        if order.client_order_id in self._orders:
            return _DUPLICATE, "duplicate ClOrdID"
        if order.symbol not in self.books:
            return _UNKNOWN_SYMBOL, "unknown symbol"
        if order.side not in ("1", "2") or order.order_type not in (MARKET, LIMIT):
            return _UNSUPPORTED, "only buys and sells, at market or with a limit"
        if order.quantity <= 0:
            return _BAD_QUANTITY, "the quantity must be above zero"
        if self.books[order.symbol].is_empty:
            return _NO_PRICE, "no price"
        return None

    def _reject(self, order: Order, reason: int, text: str) -> None:
        order.state, order.reason, order.text = "8", reason, text
        self._report(order, "8")

    def _acknowledge(self, order: Order, rule: Rule) -> None:
        self._report(order, "0")
        match rule.action:
            case "disconnect":
                order.session.drop()
                self._match(order)  # Executed all the same: the report waits for the resend.
            case "partial":
                self._fill_parts(order, rule, 0)
            case "swallow":
                self._match(order, silent=True)
            case "late":
                order.is_late = True
                self.later(rule.delay_ms / 1000, lambda: self._match(order))
            case "duplicate":
                self._match(order, copies=2)
            case _:
                self._match(order)

    def _fill_parts(self, order: Order, rule: Rule, index: int) -> None:
        if index == len(rule.parts) or order.is_done:
            return
        quantity = order.quantity - order.filled if index + 1 == len(rule.parts) and sum(rule.parts) == 1 else None
        if quantity is None:
            quantity = (order.quantity * rule.parts[index]).quantize(Decimal("0.01"))
        book = self.books[order.symbol]
        points = book.levels(1 if order.side == "1" else 0)[0][0]
        self._fill(order, quantity, points, 1, silent=False)
        self.later(rule.delay_ms / 1000, lambda: self._fill_parts(order, rule, index + 1))

    # --- matching ---

    def _match(self, order: Order, *, copies: int = 1, silent: bool = False) -> None:
        """Fills against the book as it stands; what is left rests or is cancelled."""
        if order.is_done and not order.is_late:
            return
        levels = self._reachable(order)
        if order.time_in_force == FOK and sum(size for _, _, size in levels) < order.leaves:
            levels = []
        book = self.books[order.symbol]
        for level, points, size in levels:
            quantity = min(order.leaves, size)
            if quantity > 0:
                book.take(1 if order.side == "1" else 0, level, int(quantity * 100))
                self._fill(order, quantity, points, copies, silent=silent)
        if order.leaves and not order.is_done:
            self._keep_or_cancel(order)

    def _reachable(self, order: Order) -> list[tuple[int, int, Decimal]]:
        book = self.books[order.symbol]
        buys = order.side == "1"
        levels = [(n, points, Decimal(size) / 100) for n, (points, size) in enumerate(book.levels(1 if buys else 0))]
        if order.limit is None:
            return levels
        limit = order.limit.scaleb(book.instrument.digits)
        return [level for level in levels if (level[1] <= limit if buys else level[1] >= limit)]

    def _keep_or_cancel(self, order: Order) -> None:
        if order.order_type == LIMIT and order.time_in_force in (DAY, GTC):
            self._resting[order.client_order_id] = order
        else:
            order.state, order.text = "4", "no more liquidity"
            self._report(order, "4")

    def _fill(self, order: Order, quantity: Decimal, points: int, copies: int, *, silent: bool) -> None:
        price = Decimal(price_text(points, self.books[order.symbol].instrument.digits))
        order.add_fill(quantity, price)
        if order.is_done:
            self._resting.pop(order.client_order_id, None)
        execution_id = self._new_id()
        for _ in range(0 if silent else copies):
            self._report(order, "F", execution_id, [(32, str(quantity)), (31, str(price))])

    # --- cancel and status ---

    def _cancel(self, session: Session, message: Message) -> None:
        order = self._orders.get(message.text(41))
        if order is None or order.is_done:
            reason = _UNKNOWN_TO_CANCEL if order is None else _TOO_LATE
            state, order_id = ("8", "NONE") if order is None else (order.state, order.order_id)
            ids: list[tuple[int, str | bytes | int]] = [(37, order_id), (11, message.text(11)), (41, message.text(41))]
            session.send("9", [*ids, (39, state), (434, 1), (102, reason)])
            return
        order.state = "4"
        self._resting.pop(order.client_order_id, None)
        self._report(order, "4", None, [(41, order.client_order_id)], client_order_id=message.text(11))

    def _status(self, session: Session, message: Message) -> None:
        order = self._orders.get(message.text(11))
        if order is None:
            order = self._nothing(session, message.text(11), message.text(55), message.get(54) or "1")
        self._report(order, "I", "0")

    def _mass_status(self, session: Session, message: Message) -> None:
        request = message.text(584)
        orders = [order for order in self._orders.values() if order.session is session]
        if not orders:
            orders = [self._nothing(session, "NONE", "[N/A]", "1")]
        for number, order in enumerate(orders, start=1):
            last = "Y" if number == len(orders) else "N"
            self._report(order, "I", "0", [(584, request), (911, len(orders)), (912, last)])

    def _nothing(self, session: Session, client_order_id: str, symbol: str, side: str) -> Order:
        order = Order(session, client_order_id, "NONE", symbol, side, MARKET, DAY, Decimal(0), None)
        order.state, order.reason, order.text = "8", _UNKNOWN_ORDER, "unknown order"
        return order

    def _report(
        self,
        order: Order,
        execution_type: str,
        execution_id: str | None = None,
        more: list[tuple[int, str | bytes | int]] | None = None,
        client_order_id: str | None = None,
    ) -> None:
        body = report(order, execution_type, execution_id or self._new_id(), client_order_id or order.client_order_id)
        order.session.send("8", [*body, *(more or []), (60, stamp(self.now_us()))])


def _decimal(message: Message, tag: int) -> Decimal:
    text = message.text(tag)
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise BadMessage(FORMAT_INCORRECT, tag, f"Incorrect data format for value: {tag}={text}")
    return value
