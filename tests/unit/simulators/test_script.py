"""The fault script."""

from decimal import Decimal

import pytest

from simulators.lp.script import Script, ScriptError, read_script


def script(tmp_path, text):
    path = tmp_path / "faults.toml"
    path.write_text(text)
    return read_script(path)


def action(script, symbol="EURUSD", side="1", quantity="1000"):
    return script.rule_for(symbol, side, Decimal(quantity)).action


def test_without_a_rule_an_order_is_filled():
    assert action(Script()) == "fill"


def test_first_rule_that_fits_wins(tmp_path):
    made = script(
        tmp_path,
        """
        [[rule]]
        symbol = "EURUSD"
        side = "sell"
        action = "swallow"
        [[rule]]
        quantity_min = "5000"
        action = "reject"
        """,
    )
    assert action(made) == "fill"
    assert action(made, side="2") == "swallow"
    assert action(made, quantity="5000") == "reject"
    assert action(made, symbol="GBPUSD", side="2") == "fill"


def test_rule_may_apply_to_every_third_order_and_only_twice(tmp_path):
    made = script(tmp_path, '[[rule]]\nevery = 3\ntimes = 2\naction = "reject"\n')
    seen = [action(made) for _ in range(12)]
    assert [n for n, a in enumerate(seen, start=1) if a == "reject"] == [3, 6]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[[rule]]\naction = "explode"', "rule 1: action must be one of"),
        ('[[rule]]\naction = "fill"\nsymbl = "X"', "unknown key symbl"),
        ('[[rule]]\naction = "fill"\nside = "long"', "side must be buy or sell"),
        ('[[rule]]\naction = "partial"\nparts = ["0.9", "0.2"]', "parts must be"),
        ('[[rule]]\naction = "fill"\n[[rule]]\naction = "fill"\nevery = 0', "rule 2: every"),
        ('[[rule]]\naction = "fill"\nquantity_min = "much"', "rule 1"),
        ("rule = 3", "only"),
        ("[other]", "only"),
        ("not toml", "faults.toml"),
    ],
)
def test_bad_script_says_what_is_wrong(tmp_path, text, reason):
    with pytest.raises(ScriptError, match=reason.replace("[", r"\[")):
        script(tmp_path, text)
