"""From a provider's decimal texts to our integers: prices in points, quantities in hundredths of a lot."""

import re
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_DECIMAL = re.compile(rb"[0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12}")
_CACHE_MAX = 20_000
_LARGEST = 2**53


class BadValue(Exception):
    """A price or quantity that can't be; the text is the reason, short enough for a label."""


@dataclass(slots=True)
class Scale:
    """The units of one symbol at one provider.

    Their price × `price_multiplier` is our price; their quantity × `quantity_multiplier` is in units of the base.
    Texts repeat, so results are kept.
    """

    digits: int
    contract_size: Decimal
    price_multiplier: Decimal = Decimal(1)
    quantity_multiplier: Decimal = Decimal(1)
    _bids: dict[bytes, int] = field(default_factory=dict)
    _offers: dict[bytes, int] = field(default_factory=dict)
    _quantities: dict[bytes, int] = field(default_factory=dict)

    def bid_points(self, text: bytes) -> int:
        """A bid in points, rounded down: never better for us than the provider said. Raises `BadValue`."""
        points = self._bids.get(text)
        return points if points is not None else _keep(self._bids, text, self._points(text, ROUND_FLOOR))

    def offer_points(self, text: bytes) -> int:
        """An offer in points, rounded up. Raises `BadValue`."""
        points = self._offers.get(text)
        return points if points is not None else _keep(self._offers, text, self._points(text, ROUND_CEILING))

    def quantity(self, text: bytes) -> int:
        """A quantity in hundredths of a lot, rounded down; 0 when it is less than one. Raises `BadValue`."""
        quantity = self._quantities.get(text)
        if quantity is None:
            units = _decimal(text, "bad_quantity") * self.quantity_multiplier
            quantity = _keep(self._quantities, text, _checked(int(units * 100 // self.contract_size), "bad_quantity"))
        return quantity

    def _points(self, text: bytes, rounding: str) -> int:
        price = _decimal(text, "bad_price") * self.price_multiplier
        points = int(price.scaleb(self.digits).to_integral_value(rounding))
        if points <= 0:
            raise BadValue("bad_price")
        return _checked(points, "bad_price")


def _decimal(text: bytes, reason: str) -> Decimal:
    if _DECIMAL.fullmatch(text) is None:
        raise BadValue(reason)
    return Decimal(text.decode("ascii"))


def _checked(value: int, reason: str) -> int:
    if value > _LARGEST:
        raise BadValue(reason)
    return value


def _keep(cache: dict[bytes, int], text: bytes, value: int) -> int:
    if len(cache) >= _CACHE_MAX:
        cache.clear()  # A provider that never repeats itself must not fill the memory.
    cache[text] = value
    return value
