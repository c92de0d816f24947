from decimal import Decimal
from typing import Any

from cli.demo.feed import Feed
from cli.demo.mirror import Mirror

SNAPSHOT: dict[str, Any] = {
    "summary": {"sequence": "7", "balance": "100.00"},
    "positions": [{"position_id": "p1", "quantity": "0.10"}],
}


def started() -> Mirror:
    mirror = Mirror()
    mirror.start(SNAPSHOT)
    return mirror


def change(sequence: int, **what: Any) -> dict[str, Any]:
    return {"sequence": str(sequence), **what}


def test_changes_rebuild_positions_and_balance() -> None:
    mirror = started()
    closed = {"position_id": "p1", "quantity": "0"}
    opened = {"position_id": "p2", "quantity": "0.20"}
    entry = {"amount": "-1.50", "balance_after": "98.50"}
    mirror.follow({"changes": [change(8, position=closed), change(9, position=opened)]}, 1.0)
    mirror.follow({"changes": [change(10, ledger_entry=entry)]}, 2.0)
    assert list(mirror.positions) == ["p2"]
    assert mirror.balance == Decimal("98.50")
    assert mirror.sequence == 10
    assert mirror.faults == []


def test_a_missing_change_is_a_fault() -> None:
    mirror = started()
    mirror.follow({"changes": [change(9)]}, 1.0)
    assert mirror.faults == ["event 9 came after event 7"]


def test_a_repeated_change_is_a_fault() -> None:
    mirror = started()
    mirror.follow({"changes": [change(8), change(8)]}, 1.0)
    assert mirror.faults == ["event 8 came after event 8"]


def test_a_booking_that_does_not_add_up_is_a_fault() -> None:
    mirror = started()
    mirror.follow({"changes": [change(8, ledger_entry={"amount": "1.00", "balance_after": "102.00"})]}, 1.0)
    assert mirror.faults == ["100.00 and 1.00 booked make 102.00"]


def test_a_new_connection_goes_on_after_the_last_change() -> None:
    feed = Feed(lambda: ("ticket", "ws://nowhere"), ["EURUSD"], ["a1"])
    assert "since_sequence" not in feed.greeting("ticket")[2]
    feed.take({"ch": "account", "account_id": "a1", "type": "snapshot", "data": SNAPSHOT})
    assert feed.greeting("ticket")[2]["since_sequence"] == 7


def test_a_refused_subscription_is_kept() -> None:
    feed = Feed(lambda: ("ticket", "ws://nowhere"), ["EURUSD"], [])
    feed.take({"op": "ack", "id": "quotes", "ok": False, "reason": "SYMBOL_UNKNOWN", "message": "no such symbol"})
    assert feed.refusals == ["quotes: SYMBOL_UNKNOWN no such symbol"]
