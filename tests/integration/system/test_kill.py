"""`kill -9` of any process: it is back soon, trading goes on, and no acknowledged order is lost."""

from signal import SIGKILL

import pytest

from local.ports import PROVIDERS, SERVICES
from tests.integration.system.running import RunningSystem
from tests.integration.system.traffic import Traffic
from tests.integration.system.witness import QuoteWitness

EVERYTHING = ["postgres", "redis", *PROVIDERS, *SERVICES, "gateway"]


@pytest.mark.parametrize("name", EVERYTHING)
def test_killed_process_comes_back_and_no_acknowledged_order_is_lost(system: RunningSystem, name: str) -> None:
    with QuoteWitness(system) as witness, Traffic(system) as traffic:
        traffic.until_filled()
        killed = system.send(name, SIGKILL)
        system.until_back(name, killed)
        traffic.until_filled()
        system.until_quoted_by_all()
        traffic.stop()
    traffic.assert_kept()
    witness.assert_no_fill_was_stale()


@pytest.mark.parametrize("name", PROVIDERS)
def test_trading_goes_on_while_a_provider_is_dead(system: RunningSystem, name: str) -> None:
    with Traffic(system) as traffic:
        traffic.until_filled()
        killed = system.send(name, SIGKILL)
        before = sum(client.fill_count for client in traffic.clients)
        system.until_back(name, killed)
        assert sum(client.fill_count for client in traffic.clients) > before
        traffic.stop()
    rejected = [answer for client in traffic.clients for answer in client.answers.values() if not answer["fills"]]
    assert rejected == []


def test_everything_killed_at_once_comes_back_and_the_demo_passes(system: RunningSystem) -> None:
    with QuoteWitness(system) as witness, Traffic(system) as traffic:
        traffic.until_filled()
        killed = {name: system.send(name, SIGKILL) for name in system.names()}
        for name, pid in killed.items():
            system.until_back(name, pid, 60.0)
        traffic.until_filled(60.0)
        traffic.stop()
    traffic.assert_kept()
    witness.assert_no_fill_was_stale()
    system.until_quoted_by_all()
    assert "checks hold" in system.tradeloom("demo")
