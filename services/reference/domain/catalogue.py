"""What the catalogue holds, and how it is paged."""

import base64
import binascii
import re
from dataclasses import dataclass
from enum import IntEnum

from services.kernel.errors import EngineError, Kind
from services.kernel.instrument import Instrument

PAGE_SIZE_MAX = 1000

_SYMBOL = re.compile(r"[A-Z0-9.]{1,16}")


class AssetClass(IntEnum):
    """The kind of an instrument; the numbers are those of the contracts."""

    FOREX = 1
    METAL = 2
    INDEX = 3
    CRYPTO = 4


@dataclass(frozen=True, slots=True)
class ListedInstrument:
    """An instrument, and what people want to know of it besides."""

    instrument: Instrument
    description: str
    asset_class: AssetClass


@dataclass(frozen=True, slots=True)
class Group:
    """The trading conditions of some accounts."""

    name: str
    description: str
    max_leverage: int
    version: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some instruments, and the cursor of those that follow; empty when there are none."""

    instruments: list[ListedInstrument]
    next_cursor: str


def cursor_after(symbol: str) -> str:
    """The cursor of the page that begins behind `symbol`."""
    return base64.urlsafe_b64encode(symbol.encode()).decode()


def symbol_of(cursor: str) -> str:
    """The symbol that the page begins behind; empty for the first page."""
    if not cursor:
        return ""
    try:
        symbol = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _invalid_cursor() from None
    if not _SYMBOL.fullmatch(symbol):
        raise _invalid_cursor()
    return symbol


def _invalid_cursor() -> EngineError:
    return EngineError(Kind.INVALID, "CURSOR_INVALID", "cursor was not given by this method", field="cursor")
