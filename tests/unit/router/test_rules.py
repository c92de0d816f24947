"""Rules: the first that matches decides."""

import pytest

from services.router.domain.rules import Subject, first_match, in_order
from tests.fakes.router_rules import rule

SUBJECT = Subject(tenant="demo", group="standard", symbol="EURUSD")


def test_a_rule_without_conditions_matches_everything():
    assert rule("all").matches(SUBJECT)


@pytest.mark.parametrize(
    ("conditions", "matches"),
    [
        ({"tenant": "demo"}, True),
        ({"tenant": "other"}, False),
        ({"group": "standard"}, True),
        ({"group": "pro"}, False),
        ({"symbol": "EURUSD"}, True),
        ({"symbol": "EURUS"}, False),
        ({"tenant": "demo", "group": "standard", "symbol": "EURUSD"}, True),
        ({"tenant": "demo", "group": "standard", "symbol": "GBPUSD"}, False),
        ({"tenant": "demo", "group": "pro", "symbol": "EURUSD"}, False),
    ],
)
def test_a_rule_matches_when_all_of_its_conditions_do(conditions, matches):
    assert rule("r", **conditions).matches(SUBJECT) is matches


def test_the_lowest_priority_number_decides():
    rules = in_order([rule("late", 20), rule("never", 5, symbol="GBPUSD"), rule("early", 10)])
    assert [r.rule_id for r in rules] == ["never", "early", "late"]
    assert first_match(rules, SUBJECT).rule_id == "early"


def test_rules_of_one_priority_are_tried_by_id_so_that_the_order_is_always_the_same():
    assert [r.rule_id for r in in_order([rule("b"), rule("c"), rule("a")])] == ["a", "b", "c"]


def test_when_no_rule_matches_then_there_is_no_decision():
    assert first_match([rule("r", symbol="GBPUSD")], SUBJECT) is None
    assert first_match([], SUBJECT) is None
