"""The journal and the events on the bus: events as the contracts carry them, and back."""

from decimal import Decimal
from uuid import UUID

from tradeloom.client.v1 import trading_pb2 as client_pb
from tradeloom.oms.v1 import events_pb2, journal_pb2

from services.kernel.ids import AccountId, FillId, id_text
from services.kernel.money import text
from services.oms.convert import trading
from services.oms.domain.events import (
    AccountOpened,
    Event,
    MarginCheck,
    MoneyBooked,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    PositionChanged,
)
from services.oms.domain.ledger import Posting
from services.oms.domain.orders import Route
from services.oms.domain.state import Account
from services.oms.domain.valuation import Summary

TOPIC = "oms.account_events"


class ContractRecord:
    """Writes the events of one account and commit as `JournalEntry` and `AccountChanged`.

    Messages are made once: what goes on the bus is copied out of the journal's.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._account_id = id_text(account.account_id)
        self._changed = events_pb2.AccountChanged(account_id=self._account_id, user_id=id_text(account.user_id))

    def add(self, sequence: int, event: Event) -> bytes:
        """The serialized journal entry of the next event."""
        entry = journal_pb2.JournalEntry(
            account_id=self._account_id, sequence=sequence, time=trading.time_to_pb(event.at)
        )
        _fill_entry(entry, self._account.account_id, event)
        _fill_change(self._changed.changes.add(), entry)
        return entry.SerializeToString(deterministic=True)

    def changed(self, summary: Summary) -> bytes:
        """The serialized `AccountChanged` of the events added."""
        account = self._account
        self._changed.summary.CopyFrom(trading.summary_to_pb(account.account_id, account.currency, summary))
        return self._changed.SerializeToString()


def change_of_payload(payload: bytes) -> client_pb.AccountEvent:
    """What the client sees of a stored journal entry."""
    change = client_pb.AccountEvent()
    _fill_change(change, journal_pb2.JournalEntry.FromString(payload))
    return change


def event_of_payload(payload: bytes) -> tuple[int, Event]:
    """The sequence and event of a stored journal entry; request hashes, which it doesn't carry, are empty."""
    entry = journal_pb2.JournalEntry.FromString(payload)
    return entry.sequence, _event(entry)


def _fill_change(change: client_pb.AccountEvent, entry: journal_pb2.JournalEntry) -> None:
    change.account_id = entry.account_id
    change.sequence = entry.sequence
    change.time.CopyFrom(entry.time)
    match entry.WhichOneof("event"):
        case "account_opened":
            change.account_opened.CopyFrom(entry.account_opened.account)
        case "order_accepted":
            change.order.CopyFrom(entry.order_accepted.order)
        case "order_rejected":
            change.order.CopyFrom(entry.order_rejected.order)
        case "order_filled":
            change.fill.CopyFrom(entry.order_filled.fill)
            change.filled_order.CopyFrom(entry.order_filled.order)
        case "position_changed":
            change.position.CopyFrom(entry.position_changed.position)
        case "money_booked":
            change.ledger_entry.CopyFrom(entry.money_booked.entry)


def _fill_entry(message: journal_pb2.JournalEntry, account_id: AccountId, event: Event) -> None:
    match event:
        case OrderAccepted():
            message.order_accepted.order.CopyFrom(trading.order_to_pb(event.order))
            _set_check(message.order_accepted, event.check)
        case OrderFilled():
            message.order_filled.CopyFrom(_filled(event))
        case PositionChanged():
            position = trading.position_to_pb(account_id, event.position)
            message.position_changed.position.CopyFrom(position)
            message.position_changed.fill_id = id_text(event.fill_id)
        case MoneyBooked():
            message.money_booked.CopyFrom(_booked(event))
        case OrderRejected():
            message.order_rejected.order.CopyFrom(trading.order_to_pb(event.order))
            _set_check(message.order_rejected, event.check)
        case AccountOpened(account=account):
            message.account_opened.account.CopyFrom(trading.account_to_pb(account))
            message.account_opened.user_id = id_text(account.user_id)
            message.account_opened.tenant = account.tenant


def _set_check(message: journal_pb2.OrderAccepted | journal_pb2.OrderRejected, check: MarginCheck | None) -> None:
    if check is not None:
        message.margin_check.equity = text(check.equity)
        message.margin_check.margin_after = text(check.margin_after)
        message.margin_check.quote_id = check.quote_id


def _filled(event: OrderFilled) -> journal_pb2.OrderFilled:
    return journal_pb2.OrderFilled(
        order=trading.order_to_pb(event.order),
        fill=trading.fill_to_pb(event.fill),
        book=event.route.book,
        rule_id=event.route.rule_id,
        rule_version=event.route.rule_version,
        quote_age_us=event.quote_age_us,
    )


def _booked(event: MoneyBooked) -> journal_pb2.MoneyBooked:
    postings = [
        journal_pb2.Posting(ledger_account=p.ledger_account, currency=p.currency, amount=text(p.amount))
        for p in event.postings
    ]
    return journal_pb2.MoneyBooked(
        entry=trading.entry_to_pb(event.entry), postings=postings, request_id=event.request_id
    )


def _event(entry: journal_pb2.JournalEntry) -> Event:
    at = trading.time_from_pb(entry.time)
    match entry.WhichOneof("event"):
        case "account_opened":
            opened = entry.account_opened
            return AccountOpened(trading.account_from_pb(opened.account, opened.user_id, opened.tenant), at)
        case "order_accepted":
            accepted = entry.order_accepted
            return OrderAccepted(trading.order_from_pb(accepted.order), _check(accepted), at)
        case "order_rejected":
            rejected = entry.order_rejected
            return OrderRejected(trading.order_from_pb(rejected.order), _check(rejected), at)
        case "order_filled":
            filled = entry.order_filled
            route = Route(filled.book, filled.rule_id, filled.rule_version)
            order, fill = trading.order_from_pb(filled.order), trading.fill_from_pb(filled.fill)
            return OrderFilled(order, fill, route, filled.quote_age_us, at)
        case "position_changed":
            changed = entry.position_changed
            return PositionChanged(trading.position_from_pb(changed.position), FillId(UUID(changed.fill_id)), at)
        case "money_booked":
            booked = entry.money_booked
            postings = tuple(Posting(p.ledger_account, p.currency, Decimal(p.amount)) for p in booked.postings)
            return MoneyBooked(trading.entry_from_pb(booked.entry), postings, booked.request_id, b"", at)
        case unknown:
            raise ValueError(f"a journal entry of an unknown kind: {unknown}")


def _check(message: journal_pb2.OrderAccepted | journal_pb2.OrderRejected) -> MarginCheck | None:
    if not message.HasField("margin_check"):
        return None
    check = message.margin_check
    return MarginCheck(Decimal(check.equity), Decimal(check.margin_after), check.quote_id)
