"""What can be asked of an account. Each command has a key: asked again under it, it is not done again."""

from dataclasses import dataclass
from decimal import Decimal

from services.kernel.ids import AccountId, ClientOrderId, PositionId
from services.kernel.money import Quantity, Side
from services.oms.domain.orders import OrderType
from services.oms.domain.state import Account


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """Open an account. The account's id is the key; its `opened_at` is set when it is decided."""

    account: Account

    @property
    def account_id(self) -> AccountId:
        """The account that it makes."""
        return self.account.account_id


@dataclass(frozen=True, slots=True)
class Deposit:
    """Book money paid in, in the account's currency."""

    account_id: AccountId
    request_id: str
    request_hash: bytes
    amount: Decimal


@dataclass(frozen=True, slots=True)
class SubmitOrder:
    """Trade at the market."""

    account_id: AccountId
    client_order_id: ClientOrderId
    request_hash: bytes
    symbol: str
    side: Side
    type: OrderType
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Close a position, or `quantity` of it, at the market."""

    account_id: AccountId
    client_order_id: ClientOrderId
    request_hash: bytes
    position_id: PositionId
    quantity: Quantity | None


TradeCommand = SubmitOrder | ClosePosition
Command = OpenAccount | Deposit | TradeCommand
