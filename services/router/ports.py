"""What router needs of the outside."""

from typing import Protocol

from services.router.domain.rules import Rule


class RuleStore(Protocol):
    """Keeps the rules, all versions of each."""

    async def rules(self) -> list[Rule]:
        """The rules in force, in any order."""
        ...
