"""What the simulated provider trades, and what its market looks like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable symbol. Prices are integers in points: price × 10^digits."""

    symbol: str
    digits: int
    mean_points: int
    """Where the price comes back to."""
    day_volatility: float
    """The standard deviation of a day's move, as a share of the price."""
    spread_points: int
    """The usual difference between the best bid and the best offer."""
    size: int
    """The usual quantity at the best price, in hundredths of a base unit."""
    weight: float
    """Its share of the quotes, relative to the others."""


INSTRUMENTS = {
    instrument.symbol: instrument
    for instrument in (
        Instrument("EURUSD", 5, 108_000, 0.0055, 8, 100_000_000, 1.4),
        Instrument("GBPUSD", 5, 127_000, 0.0065, 12, 100_000_000, 1.1),
        Instrument("USDJPY", 3, 150_000, 0.0065, 10, 100_000_000, 1.2),
        Instrument("XAUUSD", 2, 240_000, 0.0100, 24, 20_000, 1.0),
        Instrument("US500", 1, 58_000, 0.0110, 5, 5_000, 0.8),
        Instrument("BTCUSD", 2, 6_500_000, 0.0300, 900, 200, 1.2),
    )
}


def price_text(points: int, digits: int) -> str:
    """``108123`` with 5 digits is ``1.08123``."""
    if not digits:
        return str(points)
    text = f"{points:0{digits + 1}d}"
    return f"{text[:-digits]}.{text[-digits:]}"


def size_text(hundredths: int) -> str:
    """A quantity in hundredths of a base unit as a plain decimal."""
    whole, part = divmod(hundredths, 100)
    return f"{whole}.{part:02d}" if part else str(whole)
