"""Command line and composition of the simulated provider."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from pathlib import Path

import uvloop

from simulators.lp.book import Book
from simulators.lp.codec import Identity
from simulators.lp.feed import Feed, Quotes, slot_s
from simulators.lp.instruments import INSTRUMENTS
from simulators.lp.market import GeneratedSource, Source
from simulators.lp.orders import Orders
from simulators.lp.script import Script, ScriptError, read_script
from simulators.lp.server import Provider
from simulators.lp.session import Application, Session
from simulators.lp.store import FileStore, MemoryStore, Store
from simulators.lp.ticks import RecordedSource, TickError, read_ticks, symbol_and_path

log = logging.getLogger("simulators.lp")

CLIENT = "TRADELOOM"


def now_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.lp",
        description="A simulated liquidity provider: FIX 4.4 acceptor with quote (SenderSubID QUOTE) and trade "
        "(SenderSubID TRADE) sessions. Its CompID is its name in capitals; the client's is " + CLIENT + ".",
    )
    parser.add_argument("--name", required=True, help="the provider's name, for example alpha")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="where to listen; 0 takes a free port and prints it")
    parser.add_argument("--seed", type=int, default=1, help="what makes this provider differ (default %(default)s)")
    parser.add_argument("--rate", type=float, default=200.0, metavar="QUOTES_PER_S", help="over all symbols (200)")
    parser.add_argument(
        "--ticks",
        action="append",
        default=[],
        metavar="FILE",
        help="play recorded ticks, CSV time,bid,ask[,bid_size,ask_size], instead of the generator; "
        "SYMBOL_anything.csv or SYMBOL=FILE; may be repeated",
    )
    parser.add_argument(
        "--script", type=Path, metavar="FILE", help="faults for orders, TOML: see simulators/lp/script.py"
    )
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help="keeps sequence numbers over restarts (else: forgotten)"
    )
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    return parser


def sources(seed: int, ticks: list[str], rate: float) -> dict[str, Source]:
    """Where each symbol's prices come from."""
    made: dict[str, Source] = {symbol: GeneratedSource(i, seed) for symbol, i in INSTRUMENTS.items()}
    weights = sum(instrument.weight for instrument in INSTRUMENTS.values())
    for argument in ticks:
        symbol, path = symbol_and_path(argument)
        instrument = INSTRUMENTS[symbol]
        made[symbol] = RecordedSource(read_ticks(path, instrument), rate * instrument.weight / weights)
    return made


def build(name: str, seed: int, rate: float, ticks: list[str], script: Script, store: Path | None) -> Provider:
    """Puts a provider together. `Provider.start` opens it."""
    books = {symbol: Book(instrument) for symbol, instrument in INSTRUMENTS.items()}
    quotes = Quotes(books, sources(seed, ticks, rate), rate, seed)
    loop = asyncio.get_running_loop()
    orders = Orders(
        books,
        script,
        later=loop.call_later,
        now_us=now_us,
        execution_prefix=f"{name[:1].upper()}{now_us():x}",
    )
    feed = Feed(quotes)
    applications: dict[str, Application] = {"QUOTE": feed, "TRADE": orders}
    sessions = [_session(name, sub, application, store) for sub, application in applications.items()]
    return Provider(sessions, quotes, feed, orders, slot_s(rate))


def _session(name: str, sub: str, application: Application, folder: Path | None) -> Session:
    identity = Identity(name.upper(), CLIENT, sub)
    store: Store = FileStore(folder / identity.name) if folder is not None else MemoryStore()
    return Session(identity, store, application, now_us)


async def serve(options: argparse.Namespace, script: Script) -> None:
    """Runs until SIGTERM or SIGINT."""
    provider = build(options.name, options.seed, options.rate, options.ticks, script, options.store)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await provider.start(options.host, options.port, now_us)
    log.info("%s listens on %s:%d, %g quotes/s", options.name, options.host, provider.port, options.rate)
    await stopping.wait()
    await provider.stop()


def main() -> None:
    """Parses the command line and runs; bad arguments and files end with one sentence and status 2."""
    parser = arguments()
    options = parser.parse_args()
    if not 0 < options.rate <= 100_000:
        parser.error("--rate must be above 0 and at most 100000")
    logging.basicConfig(
        level=options.log_level.upper(),
        stream=sys.stderr,
        format=f"%(asctime)s {options.name} %(levelname)s %(message)s",
    )
    try:
        script = read_script(options.script) if options.script else Script()
        uvloop.run(serve(options, script))
    except (TickError, ScriptError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
