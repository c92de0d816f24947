"""Protobuf → domain and JSON."""

from typing import Any

import msgspec
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from tradeloom.client.v1 import trading_pb2
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.oms.v1 import events_pb2
from tradeloom.oms.v1 import query_service_pb2 as oms_pb

from services.stream.domain.frames import AccountUpdate, Change
from services.stream.domain.quotes import Quote
from services.stream.ports import AccountState, ChangePage


def quote_from_pb(quote: lp_pb.Quote, now_us: int) -> Quote:
    """A quote in a message that arrived at `now_us` on the monotonic clock."""
    return Quote(
        quote.symbol,
        quote.digits,
        quote.bid_points,
        quote.ask_points,
        quote.bid_quantity,
        quote.ask_quantity,
        quote.epoch,
        quote.sequence,
        quote.provider_time_us,
        now_us - max(0, quote.age_us),
    )


def update_from_pb(changed: events_pb2.AccountChanged) -> AccountUpdate:
    """What one commit changed, encoded once for all who follow the account."""
    return AccountUpdate(changed.account_id, _changes(changed.changes), json_of(changed.summary))


def state_from_pb(state: oms_pb.GetAccountStateResponse) -> AccountState:
    """The account as it stands."""
    summary = json_of(state.summary)
    positions = b",".join([json_of(position) for position in state.positions])
    return AccountState(state.summary.sequence, summary, b'{"summary":%b,"positions":[%b]}' % (summary, positions))


def page_from_pb(page: oms_pb.ListChangesResponse) -> ChangePage:
    """Some changes."""
    return ChangePage(_changes(page.changes), page.last_sequence)


def json_of(message: Message) -> bytes:
    """The message in protobuf's JSON, with the fields' names as in the contract."""
    fields = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return msgspec.json.encode(fields)


def _changes(changes: Any) -> list[Change]:
    listed: list[trading_pb2.AccountEvent] = list(changes)
    return [Change(change.sequence, json_of(change)) for change in listed]
