"""Public messages ⇄ those of the services behind."""

from google.protobuf.timestamp_pb2 import Timestamp
from tradeloom.client.v1 import auth_service_pb2, market_pb2
from tradeloom.client.v1 import order_service_pb2 as pb
from tradeloom.identity.v1 import identity_service_pb2 as identity_pb
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.oms.v1 import command_service_pb2 as oms_pb

from services.kernel.money import price_from_points, text

# Quantities on the quote path are hundredths of a lot.
QUANTITY_DIGITS = 2
US_PER_S = 1_000_000


def submission(request: pb.SubmitOrderRequest) -> oms_pb.Command:
    """The command that the request asks for."""
    return oms_pb.Command(
        account_id=request.account_id,
        client_order_id=request.client_order_id,
        submit_order=oms_pb.SubmitOrder(
            symbol=request.symbol, side=request.side, type=request.type, quantity=request.quantity
        ),
    )


def closure(request: pb.ClosePositionRequest) -> oms_pb.Command:
    """The command that the request asks for."""
    return oms_pb.Command(
        account_id=request.account_id,
        client_order_id=request.client_order_id,
        close_position=oms_pb.ClosePosition(
            position_id=request.position_id, quantity=request.quantity if request.HasField("quantity") else None
        ),
    )


def submitted(outcome: oms_pb.OrderOutcome) -> pb.SubmitOrderResponse:
    """The answer to a submission."""
    return pb.SubmitOrderResponse(
        order=outcome.order,
        fills=outcome.fills,
        summary=outcome.summary if outcome.HasField("summary") else None,
        replayed=outcome.replayed,
    )


def closed(outcome: oms_pb.OrderOutcome) -> pb.ClosePositionResponse:
    """The answer to a closure."""
    return pb.ClosePositionResponse(
        order=outcome.order,
        fills=outcome.fills,
        summary=outcome.summary if outcome.HasField("summary") else None,
        replayed=outcome.replayed,
    )


def tokens_to_pb(tokens: identity_pb.SessionTokens) -> auth_service_pb2.Tokens:
    """The tokens as the client gets them."""
    return auth_service_pb2.Tokens(
        access_token=tokens.access_token,
        access_expire_time=tokens.access_expire_time,
        refresh_token=tokens.refresh_token,
        refresh_expire_time=tokens.refresh_expire_time,
    )


def quote_to_pb(quote: lp_pb.Quote) -> market_pb2.Quote:
    """The quote with decimals; a side that nobody quotes is absent."""
    shown = unpriced(quote)
    if quote.bid_quantity:
        shown.bid = text(price_from_points(quote.bid_points, quote.digits))
        shown.bid_quantity = text(price_from_points(quote.bid_quantity, QUANTITY_DIGITS))
    if quote.ask_quantity:
        shown.ask = text(price_from_points(quote.ask_points, quote.digits))
        shown.ask_quantity = text(price_from_points(quote.ask_quantity, QUANTITY_DIGITS))
    return shown


def unpriced(quote: lp_pb.Quote) -> market_pb2.Quote:
    """What remains of a quote that is no price."""
    seconds, us = divmod(quote.provider_time_us, US_PER_S)
    return market_pb2.Quote(
        symbol=quote.symbol,
        provider_time=Timestamp(seconds=seconds, nanos=us * 1_000),
        quote_id=f"{quote.epoch}-{quote.sequence}",
    )
