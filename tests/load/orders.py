"""The orders of a run: small, alternating, spread over the accounts, so that positions stay small."""

from dataclasses import dataclass

from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.client.v1 import trading_pb2

SYMBOL = "EURUSD"
LOTS = "0.01"


@dataclass(frozen=True, slots=True)
class Orders:
    """Order number n, whatever door it goes through. `run` is in every id: what a run did can be found again."""

    run: str
    account_ids: tuple[str, ...]

    def account_id(self, number: int) -> str:
        """The account that order trades on."""
        return self.account_ids[number % len(self.account_ids)]

    def side(self, number: int) -> int:
        """Buys and sells in turn on each account."""
        buys = number // len(self.account_ids) % 2 == 0
        return trading_pb2.SIDE_BUY if buys else trading_pb2.SIDE_SELL

    def client_order_id(self, number: int) -> str:
        """Its id."""
        return f"{self.run}-{number}"

    def number(self, client_order_id: str) -> int | None:
        """The number of the order of that id; None for one of another run."""
        run, _, number = client_order_id.rpartition("-")
        return int(number) if run == self.run and number.isdigit() else None

    def request(self, number: int) -> pb.SubmitOrderRequest:
        """The order as protobuf."""
        return pb.SubmitOrderRequest(
            account_id=self.account_id(number),
            client_order_id=self.client_order_id(number),
            symbol=SYMBOL,
            side=self.side(number),  # type: ignore[arg-type]
            type=trading_pb2.ORDER_TYPE_MARKET,
            quantity=LOTS,
        )

    def json(self, number: int) -> bytes:
        """The order as the body of a REST call."""
        side = "SIDE_BUY" if self.side(number) == trading_pb2.SIDE_BUY else "SIDE_SELL"
        return (
            f'{{"client_order_id":"{self.client_order_id(number)}","symbol":"{SYMBOL}","side":"{side}",'
            f'"type":"ORDER_TYPE_MARKET","quantity":"{LOTS}"}}'
        ).encode()
