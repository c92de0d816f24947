"""A real simulated provider and real QuickFIX sessions, over TCP."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count

import pytest

from services.fix_gateway.domain.provider import Provider, SessionKey, SessionKind
from services.fix_gateway.handlers import Gateway
from services.fix_gateway.sessions import QuickFixSessions
from services.kernel.clock import monotonic_us, utc_now
from simulators.lp import main as simulator
from simulators.lp.script import Script

UNITS = [
    ("EURUSD", 5, Decimal(100_000)),
    ("USDJPY", 3, Decimal(100_000)),
    ("BTCUSD", 2, Decimal(1)),
]
_names = (f"lp{number}" for number in count(1))


class NewestBooks:
    """The newest book of each symbol, and every withdrawal."""

    def __init__(self):
        self.newest = {}
        self.withdrawn = []

    def publish(self, books):
        for book in books:
            self.newest[book.symbol] = book
            if book.is_empty:
                self.withdrawn.append(book.symbol)

    def quoted(self):
        return {symbol for symbol, book in self.newest.items() if not book.is_empty}


class Quarantine:
    """Every message that could not be used."""

    def __init__(self):
        self.reasons = []

    def put(self, session, reason, raw):
        self.reasons.append(reason)


class Pair:
    """A provider and the gateway that follows it."""

    def __init__(self, folder, name, units=UNITS):
        self.name = name
        self.folder = folder
        self.units = units
        self.port = 0
        self.simulator = None
        self.books = NewestBooks()
        self.quarantine = Quarantine()
        self.sessions = None
        self.gateway = None
        self.symbols = {symbol for symbol, _, _ in units}

    async def start_simulator(self, rate=200.0, script=None):
        self.simulator = simulator.build(self.name, 1, rate, [], script or Script(), self.folder / "simulator")
        await self.simulator.start("127.0.0.1", self.port, simulator.now_us)
        self.port = self.simulator.port

    async def stop_simulator(self):
        if self.simulator is not None:
            await self.simulator.stop()
            for session in self.simulator.sessions:
                session.store.close()
            self.simulator = None

    async def crash_simulator(self):
        """Ends it without a word on any session."""
        for session in self.simulator.sessions:
            session.drop()
        await self.stop_simulator()

    @property
    def quote_session(self):
        return self.simulator.sessions[0]

    @property
    def trade_session(self):
        return self.simulator.sessions[1]

    def start_gateway(self):
        provider = Provider(
            name=self.name,
            host="127.0.0.1",
            port=self.port,
            sender_comp_id=simulator.CLIENT,
            target_comp_id=self.name.upper(),
            sub_ids={SessionKind.QUOTE: "QUOTE", SessionKind.TRADE: "TRADE"},
        )
        self.sessions = QuickFixSessions([provider], self.folder / "gateway", lambda e: self.gateway.on_events(e))
        self.gateway = Gateway([provider], self.sessions, self.books, self.quarantine, utc_now)
        self.gateway.on_instruments(self.units, monotonic_us())
        self.sessions.start()

    async def stop_gateway(self):
        if self.sessions is not None:
            await self.sessions.stop()
            self.sessions = None

    def state(self, kind):
        return self.gateway.states[SessionKey(self.name, kind)]

    async def until(self, condition, seconds=15.0):
        """Waits for a condition, with the gateway's clock ticking; fails when it takes too long."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)
                if self.gateway is not None:
                    self.gateway.on_time(monotonic_us())

    def forget(self):
        """Empties the records."""
        self.books.withdrawn.clear()
        self.quarantine.reasons.clear()
        for state in self.gateway.states.values():
            state.received_count = state.refused_count = 0

    async def until_quoting(self):
        await self.until(lambda: self.books.quoted() == self.symbols)


@pytest.fixture
def new_pair(tmp_path):
    @asynccontextmanager
    async def make(**more):
        pair = Pair(tmp_path, next(_names), **more)
        try:
            yield pair
        finally:
            await pair.stop_gateway()
            await pair.stop_simulator()

    return make


@pytest.fixture(scope="module")
async def long_lived(tmp_path_factory):
    """One pair for many tests: QuickFIX's threads take a second or two to end."""
    made = Pair(tmp_path_factory.mktemp("fix"), next(_names))
    yield made
    await made.stop_gateway()
    await made.stop_simulator()


@pytest.fixture
async def pair(long_lived):
    """Both ends running, every book standing, nothing on record; whatever the test before did to them."""
    if long_lived.simulator is None:
        await long_lived.start_simulator()
    if long_lived.sessions is None:
        long_lived.start_gateway()
    await long_lived.until_quoting()
    await long_lived.until(lambda: long_lived.state(SessionKind.TRADE).logged_on)
    long_lived.forget()
    return long_lived
