"""Recorded ticks: CSV with the header ``time,bid,ask`` or ``time,bid,ask,bid_size,ask_size``, plain or gzipped."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from simulators.lp.instruments import INSTRUMENTS, Instrument
from simulators.lp.market import Top

_HEADERS = (["time", "bid", "ask"], ["time", "bid", "ask", "bid_size", "ask_size"])


class TickError(Exception):
    """A tick file that can't be used: which, on what line, why."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One recorded change, its time in seconds since the first."""

    at_s: float
    top: Top


def symbol_and_path(argument: str) -> tuple[str, Path]:
    """``BTCUSD=file.csv``, or a file whose name begins with the symbol: ``EURUSD_2020-01-01.csv``."""
    symbol, equals, path = argument.partition("=")
    if not equals:
        symbol, path = Path(argument).name.partition(".")[0].partition("_")[0], argument
    if symbol not in INSTRUMENTS:
        known = ", ".join(INSTRUMENTS)
        raise TickError(f"{argument}: {symbol!r} is not one of {known}; write SYMBOL=FILE")
    return symbol, Path(path)


def read_ticks(path: Path, instrument: Instrument) -> list[Tick]:
    """Reads a file. Fails with the number of the first bad line."""
    try:
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as lines:
            return _parse(str(path), lines, instrument)
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise TickError(f"{path}: {error}") from None


def _parse(name: str, lines: Iterable[str], instrument: Instrument) -> list[Tick]:
    rows = csv.reader(lines)
    header = next(rows, [])
    if header not in _HEADERS:
        raise TickError(f"{name}: line 1: the header must be time,bid,ask[,bid_size,ask_size], not {','.join(header)}")
    ticks: list[Tick] = []
    first: datetime | None = None
    for number, row in enumerate(rows, start=2):
        try:
            moment, top = _tick(row, len(header), instrument)
            first = first or moment
            at_s = (moment - first).total_seconds()
            if ticks and at_s < ticks[-1].at_s:
                raise ValueError("time goes back")
        except (ValueError, InvalidOperation, TypeError) as error:
            raise TickError(f"{name}: line {number}: {_reason(error)}") from None
        ticks.append(Tick(at_s, top))
    if not ticks:
        raise TickError(f"{name}: no ticks")
    return ticks


def _reason(error: Exception) -> str:
    return "not a decimal number" if isinstance(error, InvalidOperation) else str(error)


def _tick(row: list[str], columns: int, instrument: Instrument) -> tuple[datetime, Top]:
    if len(row) != columns:
        raise ValueError(f"{len(row)} columns instead of {columns}")
    moment = datetime.fromisoformat(row[0])
    bid, ask = (_points(text, instrument.digits) for text in row[1:3])
    if ask < bid:
        raise ValueError(f"the bid {row[1]} is above the ask {row[2]}")
    sizes = [_size(text) for text in row[3:]] or [instrument.size, instrument.size]
    # Recordings have moments without a spread; a provider that quotes has always one.
    return moment, Top(bid, max(ask, bid + 1), sizes[0], sizes[1])


def _points(text: str, digits: int) -> int:
    price = Decimal(text)
    if not price.is_finite() or price <= 0:
        raise ValueError(f"the price {text} is not above zero")
    return round(price.scaleb(digits))


def _size(text: str) -> int:
    size = Decimal(text)
    if not size.is_finite() or size <= 0:
        raise ValueError(f"the size {text} is not above zero")
    return max(1, round(size * 100))


class RecordedSource:
    """Plays ticks in a loop, so fast that on average each quote shows a new one; the gaps keep their proportions."""

    def __init__(self, ticks: list[Tick], quotes_per_s: float) -> None:
        self._ticks = ticks
        # The last tick stands for an average gap before the first comes again.
        self._length_s = ticks[-1].at_s * len(ticks) / max(1, len(ticks) - 1) or 1.0
        self._speed = self._length_s * quotes_per_s / len(ticks)
        self._start_s: float | None = None
        self._loop = 0
        self._index = 0

    def at(self, now_s: float) -> Top:
        """The newest tick that is due."""
        if self._start_s is None:
            self._start_s = now_s
        loop, position = divmod((now_s - self._start_s) * self._speed, self._length_s)
        if loop != self._loop:
            self._loop, self._index = int(loop), 0
        while self._index + 1 < len(self._ticks) and self._ticks[self._index + 1].at_s <= position:
            self._index += 1
        return self._ticks[self._index].top

    def is_busy(self, now_s: float) -> bool:
        """Never: the recording has its own bursts."""
        return False
