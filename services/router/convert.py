"""Protobuf ⇄ domain."""

from tradeloom.router.v1 import router_service_pb2 as pb

from services.router.domain.rules import Book, Rule, Subject

_BOOKS = {Book.B: pb.BOOK_B}


def subject_from_pb(order: pb.OrderToRoute) -> Subject:
    """What the rules look at."""
    return Subject(order.tenant, order.group, order.symbol)


def decision_to_pb(order_id: str, rule: Rule | None) -> pb.RouteDecision:
    """The decision; without a rule it names no book."""
    if rule is None:
        return pb.RouteDecision(order_id=order_id)
    return pb.RouteDecision(order_id=order_id, book=_BOOKS[rule.book], rule_id=rule.rule_id, rule_version=rule.version)


def rule_to_pb(rule: Rule) -> pb.Rule:
    """A rule."""
    return pb.Rule(
        rule_id=rule.rule_id,
        version=rule.version,
        priority=rule.priority,
        tenant=rule.tenant,
        group=rule.group,
        symbol=rule.symbol,
        book=_BOOKS[rule.book],
    )
