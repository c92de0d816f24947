import pytest
from tradeloom.client.v1 import trading_pb2

from tests.load.orders import Orders
from tests.load.tally import Outcome, Tally
from tests.load.verify import compare

ORDERS = Orders("run", ("first", "second"))


def told(*outcomes: Outcome) -> Tally:
    tally = Tally(10)
    for number, outcome in enumerate(outcomes):
        tally.sent += 1
        if outcome is not Outcome.UNANSWERED:
            tally.answer(number, 0.0, outcome)
    return tally


def order(number: int, state: int = trading_pb2.ORDER_STATE_FILLED) -> trading_pb2.Order:
    return trading_pb2.Order(account_id=ORDERS.account_id(number), state=state)  # type: ignore[arg-type]


def test_books_that_hold_what_was_acknowledged_are_right() -> None:
    tally = told(Outcome.FILLED, Outcome.REJECTED, Outcome.REFUSED)
    verdict = compare(ORDERS, tally, {0: [order(0)], 1: [order(1, trading_pb2.ORDER_STATE_REJECTED)]})
    assert verdict.faults == []
    assert (verdict.acknowledged, verdict.recorded) == (2, 2)


def test_an_order_without_an_answer_may_be_on_record_or_not() -> None:
    verdict = compare(ORDERS, told(Outcome.UNKNOWN, Outcome.UNANSWERED), {1: [order(1)]})
    assert verdict.faults == []
    assert verdict.unacknowledged == 1


@pytest.mark.parametrize(
    ("outcome", "recorded", "fault"),
    [
        (Outcome.FILLED, {}, "1 acknowledged but not on record"),
        (Outcome.FILLED, {0: [order(0), order(0)]}, "1 on record more than once"),
        (Outcome.UNKNOWN, {0: [order(0), order(0)]}, "1 on record more than once"),
        (Outcome.REFUSED, {0: [order(0)]}, "1 refused but on record"),
        (Outcome.REJECTED, {0: [order(0)]}, "1 on record otherwise than acknowledged"),
        (Outcome.FILLED, {0: [order(1)]}, "1 on record otherwise than acknowledged"),
        (Outcome.FILLED, {0: [order(0)], 5: [order(5)]}, "1 on record but never sent"),
    ],
)
def test_books_that_differ_are_wrong(
    outcome: Outcome, recorded: dict[int, list[trading_pb2.Order]], fault: str
) -> None:
    assert fault in compare(ORDERS, told(outcome), recorded).faults
