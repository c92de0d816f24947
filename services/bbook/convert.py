"""Protobuf ⇄ domain."""

from datetime import datetime

from tradeloom.bbook.v1 import execution_service_pb2 as pb
from tradeloom.client.v1 import trading_pb2
from tradeloom.lp_manager.v1 import quote_service_pb2 as lp_pb
from tradeloom.reference.v1 import reference_service_pb2 as reference_pb

from services.bbook.domain.execution import Conditions, Execution, Quote, Reason
from services.kernel.errors import EngineError, Kind
from services.kernel.money import Side, text

_SIDES = {trading_pb2.SIDE_BUY: Side.BUY, trading_pb2.SIDE_SELL: Side.SELL}
_REASONS = {
    Reason.PRICE_UNAVAILABLE: trading_pb2.REJECT_REASON_PRICE_UNAVAILABLE,
    Reason.INSTRUMENT_DISABLED: trading_pb2.REJECT_REASON_INSTRUMENT_DISABLED,
}


def side_from_pb(order: pb.OrderToExecute) -> Side:
    """The side of an order; there is no executing one without."""
    side = _SIDES.get(order.side)
    if side is None:
        raise EngineError(
            Kind.INVALID, "FIELD_INVALID", f"items.side of order {order.order_id} must be buy or sell", field="side"
        )
    return side


def quote_from_pb(quote: lp_pb.Quote, now_us: int) -> Quote:
    """A quote in a message that arrived at `now_us` on the monotonic clock."""
    return Quote(
        f"{quote.epoch}-{quote.sequence}",
        quote.digits,
        quote.bid_points,
        quote.bid_quantity,
        quote.ask_points,
        quote.ask_quantity,
        now_us - max(0, quote.age_us),
    )


def conditions_from_pb(settings: reference_pb.InstrumentSettings) -> Conditions:
    """The trading conditions of an instrument."""
    return Conditions(settings.instrument.tradable, settings.quote_age_ms_max * 1000)


def result_to_pb(order_id: str, result: Execution | Reason, at: datetime) -> pb.ExecutionResult:
    """What became of an order at that moment."""
    if isinstance(result, Reason):
        return pb.ExecutionResult(order_id=order_id, refusal=_REASONS[result])
    execution = pb.Execution(price=text(result.price.value), quote_id=result.quote_id, quote_age_us=result.quote_age_us)
    execution.time.FromDatetime(at)
    return pb.ExecutionResult(order_id=order_id, execution=execution)
