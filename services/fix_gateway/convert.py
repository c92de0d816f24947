"""Protobuf ⇄ domain."""

from collections.abc import Iterable
from decimal import Decimal

from tradeloom.fix_gateway.v1 import provider_service_pb2 as pb
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb

from services.fix_gateway.domain.book import Book
from services.fix_gateway.domain.provider import SessionKind, SessionState
from services.fix_gateway.ports import Units

_KINDS = {SessionKind.QUOTE: pb.SESSION_KIND_QUOTE, SessionKind.TRADE: pb.SESSION_KIND_TRADE}


def book_to_pb(book: Book, now_us: int) -> pb.ProviderBook:
    """A book that leaves now."""
    return pb.ProviderBook(
        provider=book.provider,
        symbol=book.symbol,
        bid_points=[points for points, _ in book.bids],
        bid_quantities=[quantity for _, quantity in book.bids],
        ask_points=[points for points, _ in book.offers],
        ask_quantities=[quantity for _, quantity in book.offers],
        age_us=max(0, now_us - book.received_us),
        provider_time_us=book.provider_time_us,
    )


def session_to_pb(state: SessionState) -> pb.Session:
    """A session's state."""
    session = pb.Session(
        provider=state.key.provider,
        kind=_KINDS[state.key.kind],
        logged_on=state.logged_on,
        received_count=state.received_count,
        refused_count=state.refused_count,
    )
    if state.change_time is not None:
        session.change_time.FromDatetime(state.change_time)
    return session


def units_from_pb(instruments: Iterable[reference_pb.InstrumentSettings]) -> list[Units]:
    """What the gateway needs to know of instruments."""
    return [
        (settings.instrument.symbol, settings.instrument.digits, Decimal(settings.instrument.contract_size))
        for settings in instruments
    ]
