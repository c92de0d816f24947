"""Quotes and terms together."""

from dataclasses import dataclass

from services.oms.clients.quotes import QuoteTable
from services.oms.clients.reference import TermsClient
from services.oms.domain.market import Market


@dataclass(frozen=True, slots=True)
class LiveMarket:
    """The market as the streams and the reference service tell it."""

    quotes: QuoteTable
    reference: TermsClient

    def snapshot(self) -> Market:
        """The market now."""
        return self.quotes.market(self.reference.terms)
