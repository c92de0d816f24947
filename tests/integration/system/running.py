"""A whole system of our own: started, looked into from the side, hurt and stopped."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import Signals
from typing import Any, TypeVar

import asyncpg
import grpc
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp
from tradeloom.lp_manager.v1 import quote_service_pb2_grpc as lp_rpc

from cli.demo.rest import RestClient
from local.demo_users import USERS, DemoUser
from local.paths import ROOT, Paths
from local.ports import HOST, PROVIDERS, Ports
from local.postgres import SUPERUSER, Cluster
from local.state import ComponentState, Condition, SystemState, running
from services.oms.verify import verify

T = TypeVar("T")

POLL_S = 0.02
COMMAND_S = 120.0
TRADELOOM = Path(sys.executable).with_name("tradeloom")
SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "US500", "BTCUSD")
# Everything of oms that a refused request must leave as it was; the outbox empties by itself.
BOOKS = ("account", "orders", "fill", "position", "ledger_entry", "posting", "journal")


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Polls until the condition holds and gives what it gave; fails when it takes too long, saying what was awaited."""
    deadline = time.monotonic() + seconds
    while not (held := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(POLL_S)
    return held


def free_base() -> int:
    """The first base whose ports are all free, away from the default and from the ports of outgoing connections."""
    return next(base for base in range(9_500, 32_000, 100) if not Ports(base).taken())


class RunningSystem:
    """A system on its own data directory and ports."""

    def __init__(self, data_dir: Path, base: int) -> None:
        self.paths = Paths(data_dir)
        self.ports = Ports(base)
        self._tokens: dict[str, str] = {}
        self._channel = grpc.insecure_channel(self.ports.address("lp_manager"))
        self._quotes = lp_rpc.QuoteServiceStub(self._channel)

    @property
    def gateway(self) -> str:
        """REST and gRPC-Web."""
        return f"http://{HOST}:{self.ports.gateway}"

    # --- the command ---

    def tradeloom(self, *arguments: str, code: int = 0) -> str:
        """Runs the command on this system; gives what it printed, once it ended with that exit code."""
        command = [str(TRADELOOM), *arguments, "--data-dir", str(self.paths.data_dir)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADELOOM_")}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_S, cwd=ROOT, env=environment, check=False
        )
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def up(self) -> str:
        """Starts it, or says that it runs."""
        return self.tradeloom("up", "--port-base", str(self.ports.base))

    def down(self) -> str:
        """Stops it, and sees that nothing is left."""
        processes = self.processes()
        said = self.tradeloom("down")
        left = [command for (pid, started), command in processes.items() if _is_alive(pid, started)]
        assert not left, f"left running after `down`: {left}"
        assert not self.ports.taken()
        return said

    # --- its processes ---

    def state(self) -> SystemState:
        """What the supervisor says."""
        found = running(self.paths)
        assert found is not None, "no system runs"
        return found

    def part(self, name: str) -> ComponentState:
        """One component, as the supervisor sees it."""
        return next(part for part in self.state().components if part.name == name)

    def names(self) -> list[str]:
        """Every component."""
        return [part.name for part in self.state().components]

    def send(self, name: str, number: Signals) -> int:
        """Sends a signal to a component's process; gives its pid."""
        pid = self.part(name).pid
        os.kill(pid, number)
        return pid

    def until_back(self, name: str, killed: int, seconds: float = 60.0) -> None:
        """Waits until the supervisor has replaced a process and found the new one ready."""

        def is_back() -> bool:
            part = self.part(name)
            return part.pid != killed and part.condition is Condition.READY

        until(is_back, seconds, f"{name} to be back")

    def processes(self) -> dict[tuple[int, str], str]:
        """The supervisor and every process below it, by pid and start, with the command line."""
        supervisor = self.state().pid
        parents = {
            int(entry.name): _stat(int(entry.name), 1) for entry in Path("/proc").iterdir() if entry.name.isdigit()
        }

        def is_ours(pid: int) -> bool:
            while pid not in (0, supervisor):
                pid = int(parents.get(pid) or 0)
            return pid == supervisor

        return {(pid, _started(pid)): _command(pid) for pid in parents if is_ours(pid)}

    # --- its doors ---

    def token(self, user: DemoUser = USERS[0]) -> str:
        """An access token of a demo user; one serves for all tests."""
        if user.username not in self._tokens:
            login = {"username": user.username, "password": user.password}
            reply = RestClient(self.gateway).post("/v1/auth/login", login)
            assert reply.ok, reply
            self._tokens[user.username] = reply.body["tokens"]["access_token"]
        return self._tokens[user.username]

    def rest(self, user: DemoUser = USERS[0]) -> RestClient:
        """A REST client that is logged in."""
        client = RestClient(self.gateway)
        client.token = self.token(user)
        return client

    def providers_of(self, symbol: str) -> set[str]:
        """The providers that are in the aggregated book of a symbol with both sides."""
        book = self._quotes.GetBook(lp.GetBookRequest(symbol=symbol), timeout=5, wait_for_ready=True)
        return {level.provider for level in book.bids} & {level.provider for level in book.asks}

    def until_quoted_by_all(self, seconds: float = 30.0) -> None:
        """Waits until every provider is in the book of every symbol."""

        def all_quote() -> bool:
            return all(self.providers_of(symbol) == set(PROVIDERS) for symbol in SYMBOLS)

        until(all_quote, seconds, "all providers to quote all symbols")

    # --- its books ---

    def postgres_url(self) -> str:
        """PostgreSQL, as its superuser."""
        password = json.loads(self.paths.credentials.read_text())[SUPERUSER]
        return Cluster(Path(), self.paths.postgres, self.paths.sockets).url(SUPERUSER, password, "tradeloom")

    def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """What a query on the books gives."""
        return aside(self._rows(sql, arguments))

    def fingerprint(self) -> dict[str, str]:
        """A digest of each table of the books: equal only when nothing at all changed."""
        digest = "SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) AS digest FROM {} t"
        return {table: self.rows(digest.format(table))[0]["digest"] for table in BOOKS}

    def assert_books_are_right(self) -> None:
        """Journal chains hold and replay to what is stored; postings, balances, fills and positions agree."""
        proof = aside(self._proof())
        assert proof.faults == []
        assert proof.account_count >= sum(len(user.accounts) for user in USERS)
        assert proof.entry_count > 0

    async def _rows(self, sql: str, arguments: tuple[Any, ...]) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.postgres_url(), server_settings={"search_path": "oms"})
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    async def _proof(self) -> Any:
        settings = {"search_path": "oms"}
        async with asyncpg.create_pool(self.postgres_url(), min_size=1, max_size=1, server_settings=settings) as pool:
            return await verify(pool)


def aside(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on a loop of its own, away from the one that the tests have."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _stat(pid: int, field: int) -> str:
    """A field of /proc/<pid>/stat after the name; nothing when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[field]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _started(pid: int) -> str:
    """When the process started, in ticks since boot: with the pid it names a process for ever."""
    return _stat(pid, 19)


def _is_alive(pid: int, started: str) -> bool:
    """Whether it runs; one that has ended may wait in the table for whoever adopted it to take notice."""
    return _started(pid) == started and _stat(pid, 0) not in ("Z", "X", "")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
