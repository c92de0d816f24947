"""Rules kept in memory."""

from services.router.domain.rules import Book, Rule


def rule(rule_id: str, priority: int = 10, *, tenant: str = "", group: str = "", symbol: str = "") -> Rule:
    return Rule(rule_id, 1, priority, tenant, group, symbol, Book.B)


class MemoryRuleStore:
    """A rule table that can go away."""

    def __init__(self, *rules: Rule) -> None:
        self.table = list(rules)
        self.away = False

    async def rules(self) -> list[Rule]:
        if self.away:
            raise ConnectionRefusedError("no database")
        return list(self.table)
