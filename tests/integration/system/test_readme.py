"""The README's walk-through is run as it stands; only the port is another."""

import json
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.main import COMMANDS
from local.demo_users import USERS
from local.paths import ROOT
from local.ports import DEFAULT_BASE, HOST
from tests.integration.system.running import RunningSystem

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANSWERS = ("quotes", "accounts", "summary", "opened", "positions", "closed", "changes", "ticket")


@pytest.fixture
def walked(system: RunningSystem) -> dict[str, Any]:
    """What the lines of the README answered, by name."""
    script = "\n".join(BLOCK.findall(README)).replace(f"{HOST}:{DEFAULT_BASE}", f"{HOST}:{system.ports.gateway}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60, cwd="/", check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answers = documents(done.stdout)
    assert len(answers) == len(ANSWERS), "the README has other calls than this test knows"
    return dict(zip(ANSWERS, answers, strict=True))


def documents(text: str) -> list[Any]:
    """The JSON documents of a text, one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        document, at = decoder.raw_decode(text, at)
        found.append(document)
    return found


def test_walk_through_trades_as_it_says(walked: dict[str, Any]) -> None:
    quotes = {quote["symbol"]: quote for quote in walked["quotes"]["quotes"]}
    assert quotes.keys() == {"EURUSD", "USDJPY", "XAUUSD", "US500", "BTCUSD"}
    assert all(Decimal(quote["bid"]) < Decimal(quote["ask"]) for quote in quotes.values())
    assert [a["account_id"] for a in walked["accounts"]["accounts"]] == [a.account_id for a in USERS[0].accounts]
    opened, closed = walked["opened"], walked["closed"]
    for answer, side in ((opened, "SIDE_BUY"), (closed, "SIDE_SELL")):
        assert answer["order"]["state"] == "ORDER_STATE_FILLED"
        assert answer["order"]["filled_quantity"] == answer["order"]["quantity"] == "0.10"
        assert answer["order"]["side"] == side
    bought, sold = opened["fills"][0], closed["fills"][0]
    assert bought["position_id"] == sold["position_id"]
    assert bought["position_id"] in [position["position_id"] for position in walked["positions"]["positions"]]
    # "the fill carries the profit, the conversion rate and the quote it was made against"
    profit = (Decimal(sold["price"]) - Decimal(bought["price"])) * 10_000
    assert Decimal(sold["conversion_rate"]) == 1
    assert Decimal(sold["realized_pnl"]) == round(profit, 2)
    assert sold["quote_id"]
    before, after = Decimal(walked["summary"]["summary"]["balance"]), Decimal(closed["summary"]["balance"])
    assert after - before == Decimal(sold["realized_pnl"])


def test_walk_through_shows_changes_and_gives_a_ticket(walked: dict[str, Any], system: RunningSystem) -> None:
    changes = walked["changes"]["changes"]
    assert [int(change["sequence"]) for change in changes] == list(range(1, len(changes) + 1))
    assert walked["ticket"]["url"] == f"ws://{HOST}:{system.ports.websocket}/v1/stream"
    assert walked["ticket"]["ticket"].count(".") == 2


def test_every_command_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", README, re.MULTILINE))
    assert {"up", "demo", "down", "status", "test", "load"} <= named <= targets
    commands = set(re.findall(r"`\.venv/bin/tradeloom ([a-z]+)", README))
    assert {"logs", "doctor"} <= commands <= COMMANDS.keys()


def test_every_file_that_the_readme_names_exists() -> None:
    linked = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert linked
    assert [target for target in linked if not Path(ROOT, target).exists()] == []
