"""Use cases of router."""

from services.router.domain.rules import Rule, Subject, first_match, in_order
from services.router.ports import RuleStore


class Routing:
    """Decides by the rules that were read last."""

    def __init__(self, store: RuleStore) -> None:
        self._store = store
        self.rules: tuple[Rule, ...] = ()

    async def refresh(self) -> bool:
        """Reads the rules; tells whether they changed. When it fails, the rules stay as they were."""
        rules = in_order(await self._store.rules())
        changed = rules != self.rules
        self.rules = rules
        return changed

    def decide(self, subject: Subject) -> Rule | None:
        """The rule that decides on the order; None when none does."""
        return first_match(self.rules, subject)
