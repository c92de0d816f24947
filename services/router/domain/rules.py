"""Routing rules: the first that matches decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Book(IntEnum):
    """Who takes the other side; the numbers are those of the contracts."""

    B = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule may look at."""

    tenant: str
    group: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. An empty condition matches everything."""

    rule_id: str
    version: int
    priority: int
    tenant: str
    group: str
    symbol: str
    book: Book

    def matches(self, subject: Subject) -> bool:
        """Whether the rule is for the subject."""
        return (
            self.tenant in ("", subject.tenant)
            and self.group in ("", subject.group)
            and self.symbol in ("", subject.symbol)
        )


def in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules as they are tried: by priority, those of one priority by id."""
    return tuple(sorted(rules, key=lambda rule: (rule.priority, rule.rule_id)))


def first_match(rules: Iterable[Rule], subject: Subject) -> Rule | None:
    """The rule that decides; None when no rule takes the subject."""
    return next((rule for rule in rules if rule.matches(subject)), None)
