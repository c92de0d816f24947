"""Use cases of bbook."""

from collections.abc import Mapping

from services.bbook.domain.execution import Conditions, Execution, Quote, Reason, execute
from services.kernel.money import Side


class House:
    """Executes against the house. Moments are microseconds on the monotonic clock."""

    def __init__(self) -> None:
        self._conditions: Mapping[str, Conditions] = {}
        self._quotes: dict[str, Quote] = {}

    def set_conditions(self, conditions: Mapping[str, Conditions]) -> None:
        """Takes the conditions of all instruments; one that is missing is not traded any more."""
        self._conditions = conditions

    def take_quote(self, symbol: str, quote: Quote) -> None:
        """Takes the current quote of a symbol."""
        self._quotes[symbol] = quote

    def withdraw_quotes(self) -> None:
        """Forgets every quote: nobody tells when they change."""
        self._quotes.clear()

    def execute(self, symbol: str, side: Side, now_us: int) -> Execution | Reason:
        """Fills a market order of any quantity at the current quote, or says why not."""
        return execute(self._conditions.get(symbol), self._quotes.get(symbol), side, now_us)
