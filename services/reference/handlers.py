"""Use cases of reference."""

from dataclasses import dataclass

from services.reference.domain.catalogue import PAGE_SIZE_MAX, Group, Page, cursor_after, symbol_of
from services.reference.ports import CatalogueStore


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Reads instruments and groups."""

    store: CatalogueStore

    async def list_instruments(self, limit: int, cursor: str) -> Page:
        """The page behind the cursor; a limit of 0 means the largest."""
        size = limit or PAGE_SIZE_MAX
        # One more than asked for tells whether another page follows.
        found = await self.store.instruments(symbol_of(cursor), size + 1)
        page = found[:size]
        return Page(page, cursor_after(page[-1].instrument.symbol) if len(found) > size else "")

    async def list_groups(self) -> list[Group]:
        """All groups."""
        return await self.store.groups()
