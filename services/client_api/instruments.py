"""The instruments as reference had them last."""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Iterable

from tradeloom.client.v1 import market_pb2
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb

from services.kernel.errors import EngineError, Kind

PAGE = 100


class Instruments:
    """All instruments, by symbol."""

    def __init__(self) -> None:
        self._settings: dict[str, reference_pb.InstrumentSettings] = {}
        self.symbols: list[str] = []

    def replace(self, settings: Iterable[reference_pb.InstrumentSettings]) -> None:
        """Takes over a whole new list."""
        self._settings = {item.instrument.symbol: item for item in settings}
        self.symbols = sorted(self._settings)

    def get(self, symbol: str) -> market_pb2.Instrument:
        """One instrument. Fails with `SYMBOL_UNKNOWN`."""
        self.check([symbol])
        return self._settings[symbol].instrument

    def check(self, symbols: Iterable[str]) -> None:
        """Fails with `SYMBOL_UNKNOWN` unless all symbols are known."""
        for symbol in symbols:
            if symbol not in self._settings:
                raise EngineError(
                    Kind.NOT_FOUND, "SYMBOL_UNKNOWN", f"{symbol[:64]!r} is not traded here", symbol=symbol[:64]
                )

    def quote_age_us_max(self, symbol: str) -> int:
        """How old a quote of the symbol may be, in microseconds; 0 when the symbol is not known."""
        settings = self._settings.get(symbol)
        return 0 if settings is None else settings.quote_age_ms_max * 1_000

    def page(self, limit: int, cursor: str) -> tuple[list[market_pb2.Instrument], str]:
        """Some instruments after the cursor, and the cursor of the next page."""
        start = bisect_right(self.symbols, _symbol_of(cursor)) if cursor else 0
        stop = start + (limit or PAGE)
        page = self.symbols[start:stop]
        next_cursor = _cursor_after(page[-1]) if stop < len(self.symbols) else ""
        return [self._settings[symbol].instrument for symbol in page], next_cursor


def _cursor_after(symbol: str) -> str:
    return base64.urlsafe_b64encode(symbol.encode()).decode()


def _symbol_of(cursor: str) -> str:
    try:
        return base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise EngineError(
            Kind.INVALID, "CURSOR_INVALID", "cursor must be the next_cursor of the page before", field="cursor"
        ) from None
