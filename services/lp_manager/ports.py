"""What lp_manager tells the outside."""

from typing import Protocol


class Listener(Protocol):
    """Is told what happens in the market."""

    def changed(self, symbol: str) -> None:
        """The quote of the symbol may have changed."""
        ...

    def refused(self, provider: str, reason: str) -> None:
        """A provider's book could not be used."""
        ...

    def expired(self, provider: str, symbol: str) -> None:
        """A provider has been silent on the symbol for too long."""
        ...
