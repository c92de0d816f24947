"""What the supervisor has to know about one process."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from local.privileges import Identity

Probe = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """Do nothing: the default of every hook."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """One process: how to start it, how to see that it is ready, and what it needs."""

    name: str
    address: str
    command: tuple[str, ...]
    # Raises until the component is ready; may take a second to find out.
    ready: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: Identity = field(default_factory=Identity)
    # Has to be ready before this one starts.
    needs: tuple[str, ...] = ()
    # Is called by this one, which copes without it; this one stops first.
    uses: tuple[str, ...] = ()
    # Runs before every start of the process.
    before: Probe = nothing
    # Runs once, when the component is ready for the first time.
    after: Probe = nothing
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0
    # What it gets when the supervisor dies without a word.
    orphan_signal: signal.Signals = signal.SIGKILL


def stop_order(components: list[Component]) -> list[list[str]]:
    """Return the names in waves: each component stops after all those that call it."""
    callers = {component.name: set[str]() for component in components}
    for component in components:
        for used in (*component.needs, *component.uses):
            if used in callers:
                callers[used].add(component.name)
    waves: list[list[str]] = []
    while callers:
        wave = sorted(name for name, waiting in callers.items() if not waiting & callers.keys())
        if not wave:
            raise ValueError(f"these components need one another: {sorted(callers)}")
        waves.append(wave)
        for name in wave:
            del callers[name]
    return waves
