"""Measures the stack that a team would write instead, on the same PostgreSQL server, in the same run.

It is spared what the real one does: no tokens, no checks, no prices, no journal.
"""

from tests.load.children import child
from tests.load.database import scratch_database
from tests.load.doors import RestDoor
from tests.load.orders import Orders
from tests.load.pacer import Schedule
from tests.load.run import Cpu, Figures, at_full_speed, at_rate
from tests.load.system import System
from tests.load.tally import Tally

LOW_RATE = 100.0
CONNECTIONS = 64
_RATE_MAX = 5_000


async def naive(system: System, account_ids: tuple[str, ...], seconds: float) -> list[Figures]:
    """Its latency at a low rate, and the highest rate that it sustains."""
    async with (
        scratch_database(system, "load_naive") as url,
        child("tests.load.naive.orders", url) as orders_service,
        child("tests.load.naive.gateway", orders_service.said) as gateway,
    ):
        address = gateway.said.split()[0]

        def cpu() -> Cpu:
            own = orders_service.cpu_seconds() | gateway.cpu_seconds()
            return own | {"postgres": system.cpu_seconds()["postgres"]}

        schedule, tally = Schedule(LOW_RATE, seconds), Tally(int(LOW_RATE * seconds * 2))
        slow = RestDoor(address, "", Orders("slow", account_ids), tally, CONNECTIONS)
        low = await at_rate("naive stack: REST", slow, tally, schedule, cpu)
        tally = Tally(int(_RATE_MAX * seconds))
        fast = RestDoor(address, "", Orders("fast", account_ids), tally, CONNECTIONS)
        high = await at_full_speed("naive stack: REST, as fast as it goes", fast, tally, CONNECTIONS, seconds, cpu)
    return [low, high]
