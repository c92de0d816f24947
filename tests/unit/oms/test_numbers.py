"""The domain's enums have the numbers of the contracts, and commands name their account."""

from enum import IntEnum

import pytest
from tradeloom.client.v1 import trading_pb2 as pb

from services.kernel.money import Side
from services.oms.domain.commands import OpenAccount
from services.oms.domain.ledger import LedgerKind
from services.oms.domain.orders import OrderState, OrderType, RejectReason
from services.oms.domain.state import PositionMode
from tests.fakes.oms import account


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (Side, pb.Side, "SIDE"),
        (OrderType, pb.OrderType, "ORDER_TYPE"),
        (OrderState, pb.OrderState, "ORDER_STATE"),
        (RejectReason, pb.RejectReason, "REJECT_REASON"),
        (PositionMode, pb.PositionMode, "POSITION_MODE"),
        (LedgerKind, pb.LedgerKind, "LEDGER_KIND"),
    ],
)
def test_numbers_are_those_of_the_contract(ours: type[IntEnum], theirs: object, prefix: str) -> None:
    known = {f"{prefix}_{one.name}": one.value for one in ours if one.value}
    told = {name: number for name, number in theirs.items() if number}  # type: ignore[attr-defined]
    assert known == told


def test_opening_then_acts_on_the_account_that_it_makes() -> None:
    assert OpenAccount(account(4)).account_id == account(4).account_id
