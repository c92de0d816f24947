"""Routing: the rules read last decide, come what may to the table."""

import asyncio

import pytest

from services.router.domain.rules import Subject
from services.router.handlers import Routing
from services.router.main import keep_fresh
from tests.fakes.router_rules import MemoryRuleStore, rule

SUBJECT = Subject(tenant="demo", group="standard", symbol="EURUSD")


async def test_before_the_first_reading_nothing_is_routed():
    assert Routing(MemoryRuleStore(rule("all"))).decide(SUBJECT) is None


async def test_refresh_tells_whether_the_rules_changed():
    store = MemoryRuleStore(rule("all"))
    routing = Routing(store)
    assert await routing.refresh() is True
    assert await routing.refresh() is False
    store.table.append(rule("first", 1))
    assert await routing.refresh() is True
    assert routing.decide(SUBJECT).rule_id == "first"


async def test_when_the_table_is_away_then_the_last_rules_stay_in_force():
    store = MemoryRuleStore(rule("all"))
    routing = Routing(store)
    await routing.refresh()
    store.away = True
    with pytest.raises(ConnectionRefusedError):
        await routing.refresh()
    assert routing.decide(SUBJECT).rule_id == "all"


async def test_the_refreshing_survives_an_outage_and_then_reads_the_new_rules():
    class Watched(MemoryRuleStore):
        reads = 0
        read = asyncio.Event()

        async def rules(self):
            self.reads += 1
            self.read.set()
            return await super().rules()

    store = Watched(rule("old"))
    routing = Routing(store)
    await routing.refresh()
    store.away = True
    task = asyncio.create_task(keep_fresh(routing, 0))
    try:
        async with asyncio.timeout(5):
            failed_reads = store.reads + 3
            while store.reads < failed_reads:
                store.read.clear()
                await store.read.wait()
            assert routing.decide(SUBJECT).rule_id == "old"
            store.table, store.away = [rule("new")], False
            while routing.rules[0].rule_id != "new":
                store.read.clear()
                await store.read.wait()
                await asyncio.sleep(0)
        assert not task.done()
    finally:
        task.cancel()
