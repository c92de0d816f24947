"""The command on a running system."""

import json
import time
from decimal import Decimal

import pytest

from cli.demo.doors import RestOrders
from cli.demo.reply import Reply
from local.demo_users import USERS
from local.ports import PROVIDERS, SERVICES
from tests.integration.system.running import RunningSystem

EVERYTHING = {"postgres", "redis", "gateway", *SERVICES, *PROVIDERS}


def test_demo_passes(system: RunningSystem) -> None:
    said = system.tradeloom("demo")
    assert "checks hold" in said
    assert "gRPC-Web" in said
    assert "✘" not in said


def test_demo_passes_beside_what_its_user_trades(system: RunningSystem) -> None:
    door, account = RestOrders(system.rest()), USERS[0].accounts[1].account_id
    order = {"account_id": account, "symbol": "EURUSD", "type": "ORDER_TYPE_MARKET", "quantity": "0.01"}
    for number, side in enumerate(("SIDE_BUY", "SIDE_SELL")):
        reply = door.submit({**order, "side": side, "client_order_id": f"beside-{time.time_ns()}-{number}"})
        assert reply.ok, reply
        if side == "SIDE_BUY":
            assert "checks hold" in system.tradeloom("demo")


def test_second_up_says_that_it_already_runs_and_starts_nothing(system: RunningSystem) -> None:
    before = system.state()
    started = time.monotonic()
    said = system.up()
    assert f"Tradeloom runs already (pid {before.pid}" in said
    assert system.gateway in said
    assert all(user.username in said and user.password in said for user in USERS)
    assert time.monotonic() - started < 10
    assert [part.pid for part in system.state().components] == [part.pid for part in before.components]


def test_up_fresh_refuses_to_remove_the_data_of_a_running_system(system: RunningSystem) -> None:
    system.tradeloom("up", "--fresh", code=1)
    assert system.rest().get("/v1/accounts").ok


def test_status_shows_every_component_ready(system: RunningSystem) -> None:
    said = system.tradeloom("status")
    lines = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert lines.keys() >= EVERYTHING
    assert all(" ready " in lines[name] for name in EVERYTHING)
    assert system.gateway in said


def test_status_as_json_names_processes_and_doors(system: RunningSystem) -> None:
    told = json.loads(system.tradeloom("status", "-o", "json"))
    assert {part["name"] for part in told["components"]} == EVERYTHING
    assert all(part["pid"] > 0 and part["condition"] == "ready" for part in told["components"])
    assert told["phase"] == "ready"
    assert told["urls"]["rest"] == system.gateway


def test_status_as_environment_can_be_sourced(system: RunningSystem) -> None:
    lines = system.tradeloom("status", "-o", "env").splitlines()
    values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert values["TRADELOOM_REST_URL"] == system.gateway
    assert values["TRADELOOM_USERNAME"] == USERS[0].username


def test_logs_show_what_a_service_wrote_as_json(system: RunningSystem) -> None:
    system.rest().get("/v1/accounts")
    lines = system.tradeloom("logs", "oms", "-n", "5").splitlines()
    assert lines
    assert all(json.loads(line)["message"] for line in lines)


def test_logs_of_all_prefix_each_line_with_its_component(system: RunningSystem) -> None:
    lines = system.tradeloom("logs", "-n", "2").splitlines()
    assert {line.split(" ", 1)[0] for line in lines} >= {"supervisor", "postgres", "oms"}


def test_logs_of_something_unknown_are_wrong_usage(system: RunningSystem) -> None:
    system.tradeloom("logs", "nosuch", code=2)


@pytest.mark.parametrize("symbol", ["EURUSD", "USDJPY", "XAUUSD", "US500", "BTCUSD"])
def test_every_instrument_of_the_demo_is_quoted_by_all_providers(system: RunningSystem, symbol: str) -> None:
    assert system.providers_of(symbol) == set(PROVIDERS)
    reply: Reply = system.rest().get("/v1/quotes", symbols=[symbol])
    (quote,) = reply.body["quotes"]
    assert 0 < Decimal(quote["bid"]) < Decimal(quote["ask"])
