"""An order at the provider, and its ExecutionReport (8)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from simulators.lp.session import Session


@dataclass(slots=True)
class Order:
    """One client order. States are OrdStatus (39) values."""

    session: Session
    client_order_id: str
    order_id: str
    symbol: str
    side: str
    order_type: str
    time_in_force: str
    quantity: Decimal
    limit: Decimal | None
    state: str = "0"
    filled: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    """Fills times their prices."""
    reason: int = 0
    text: str = ""
    is_late: bool = False
    """To be filled after a time, whatever happens to it until then."""

    @property
    def leaves(self) -> Decimal:
        """What is not filled yet."""
        return self.quantity - self.filled

    @property
    def is_done(self) -> bool:
        """Whether nothing more should happen to it."""
        return self.state in ("2", "4", "8")

    def add_fill(self, quantity: Decimal, price: Decimal) -> None:
        """Books an execution."""
        self.filled += quantity
        self.value += quantity * price
        self.state = "2" if not self.leaves else "1"


def report(
    order: Order, execution_type: str, execution_id: str, client_order_id: str
) -> list[tuple[int, str | bytes | int]]:
    """The fields that every report has."""
    leaves = Decimal(0) if order.is_done else order.leaves
    average = (order.value / order.filled).quantize(Decimal("0.00000001")) if order.filled else Decimal(0)
    body: list[tuple[int, str | bytes | int]] = [
        (37, order.order_id),
        (11, client_order_id),
        (17, execution_id),
        (150, execution_type),
        (39, order.state),
    ]
    if order.state == "8":
        body += [(103, order.reason)]
    if order.text:
        body += [(58, order.text)]
    return [
        *body,
        (55, order.symbol),
        (54, order.side),
        (38, _text(order.quantity)),
        (151, _text(leaves)),
        (14, _text(order.filled)),
        (6, _text(average)),
    ]


def _text(value: Decimal) -> str:
    return format(value.normalize(), "f") if value else "0"
