"""What reference needs of the outside."""

from typing import Protocol

from services.reference.domain.catalogue import Group, ListedInstrument


class CatalogueStore(Protocol):
    """Keeps instruments and groups, all versions of each."""

    async def instruments(self, after: str, limit: int) -> list[ListedInstrument]:
        """The instruments in force whose symbol sorts behind `after`, by symbol."""
        ...

    async def groups(self) -> list[Group]:
        """The groups in force, by name."""
        ...
