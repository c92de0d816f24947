"""Protobuf ⇄ domain."""

from tradeloom.fix_gateway.v1 import provider_service_pb2 as gateway_pb
from tradeloom.lp_manager.v1 import quote_service_pb2 as pb

from services.lp_manager.domain.book import Depth, Level, ProviderBook, Quote


def book_from_pb(book: gateway_pb.ProviderBook, now_us: int) -> ProviderBook:
    """A provider's book in a message that arrived at `now_us` on the monotonic clock."""
    return ProviderBook(
        list(book.bid_points),
        list(book.bid_quantities),
        list(book.ask_points),
        list(book.ask_quantities),
        now_us - max(0, book.age_us),
        book.provider_time_us,
    )


def quote_to_pb(quote: Quote, epoch: int) -> pb.Quote:
    """A quote; its age is set when it leaves."""
    best = quote.best
    return pb.Quote(
        symbol=quote.symbol,
        digits=quote.digits,
        bid_points=best.bid_points,
        ask_points=best.ask_points,
        bid_quantity=best.bid_quantity,
        ask_quantity=best.ask_quantity,
        sequence=quote.sequence,
        epoch=epoch,
        provider_time_us=best.provider_time_us,
        bid_provider=best.bid_provider,
        ask_provider=best.ask_provider,
    )


def depth_to_pb(digits: int, depth: Depth) -> pb.GetBookResponse:
    """The merged depth."""
    return pb.GetBookResponse(
        digits=digits, bids=[_level_to_pb(level) for level in depth.bids], asks=[_level_to_pb(a) for a in depth.asks]
    )


def _level_to_pb(level: Level) -> pb.BookLevel:
    return pb.BookLevel(price_points=level.points, quantity=level.quantity, provider=level.provider)
