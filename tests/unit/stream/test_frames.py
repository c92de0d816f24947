import json
from datetime import UTC, datetime

from services.stream.domain import frames
from services.stream.domain.frames import AccountUpdate, Change


def update(first: int, last: int) -> AccountUpdate:
    changes = [Change(n, b'{"sequence":"%d"}' % n) for n in range(first, last + 1)]
    return AccountUpdate("a", changes, b'{"balance":"1"}')


def test_account_delta_then_the_changes_and_the_summary_under_the_last_sequence() -> None:
    assert json.loads(update(4, 5).frame(after=3)) == {
        "ch": "account",
        "account_id": "a",
        "type": "delta",
        "seq": 5,
        "data": {"changes": [{"sequence": "4"}, {"sequence": "5"}], "summary": {"balance": "1"}},
    }


def test_account_delta_when_the_client_has_part_of_it_then_only_the_rest() -> None:
    made = update(4, 6)
    assert [change["sequence"] for change in json.loads(made.frame(after=5))["data"]["changes"]] == ["6"]
    assert len(json.loads(made.frame(after=3))["data"]["changes"]) == 3


def test_account_delta_when_many_clients_get_it_then_it_is_built_once() -> None:
    made = update(1, 3)
    assert made.frame(after=0) is made.frame(after=0)


def test_account_snapshot_then_its_data_under_its_sequence() -> None:
    frame = json.loads(frames.account_snapshot("a", 7, b'{"summary":{},"positions":[]}'))
    assert (frame["type"], frame["seq"], frame["data"]) == ("snapshot", 7, {"summary": {}, "positions": []})


def test_heartbeat_then_its_number_and_time() -> None:
    at = frames.time_text(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    assert json.loads(frames.heartbeat(42, at)) == {"ch": "heartbeat", "n": 42, "ts": "2026-03-02T09:00:00.000000Z"}


def test_refusal_then_whatever_the_text_it_is_json() -> None:
    frame = json.loads(frames.refusal("\x00\"'", "R", 'a "quoted" \ud7ff text'))
    assert (frame["id"], frame["ok"], frame["message"]) == ("\x00\"'", False, 'a "quoted" \ud7ff text')
