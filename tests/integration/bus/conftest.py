"""Every bus there is, behind one fixture."""

from collections.abc import AsyncIterator, Callable

import pytest

from services.kit.bus.port import EventBus
from services.kit.bus.rabbit import RabbitBus
from services.kit.bus.redis import RedisBus
from tests.fakes.bus import MemoryBus

RETRY_S = (0.01, 0.02)

MakeBus = Callable[[], EventBus]


@pytest.fixture(
    params=[
        "memory",
        pytest.param("redis", marks=pytest.mark.needs_redis),
        pytest.param("rabbit", marks=pytest.mark.needs_rabbitmq),
    ]
)
def bus_factory(request: pytest.FixtureRequest) -> MakeBus:
    """Gives a process's end of the bus; each call is another process's. The memory bus has one end."""
    if request.param == "memory":
        memory = MemoryBus(retry_s=RETRY_S)
        return lambda: memory
    url = request.getfixturevalue(f"{request.param}_url")
    if request.param == "redis":
        return lambda: RedisBus(url, lease_s=0.5, retry_s=RETRY_S)
    return lambda: RabbitBus(url, watch_s=0.2, retry_s=RETRY_S)


@pytest.fixture
async def make_bus(bus_factory: MakeBus) -> AsyncIterator[MakeBus]:
    """Makes ends of the bus, and closes them."""
    made: list[EventBus] = []

    def make() -> EventBus:
        made.append(bus_factory())
        return made[-1]

    yield make
    for bus in made:
        await bus.close()


@pytest.fixture
def bus(make_bus: MakeBus) -> EventBus:
    """One end of the bus."""
    return make_bus()
