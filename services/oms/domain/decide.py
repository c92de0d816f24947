"""Deciding what becomes of a trade, in two steps around its execution.

`prepare` says whether it can be an order and is worth routing; `complete` decides, with what the venue answered, on the
state as it stands by then: commands of one account may be completed one after another in one batch.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from services.kernel.conversion import Flow
from services.kernel.errors import EngineError, Kind
from services.kernel.ids import FillId, NewId, OrderId, PositionId, TransactionId
from services.kernel.instrument import Instrument, check_quantity, check_step
from services.kernel.money import ZERO, Price, Quantity, Side
from services.kernel.pnl import profit
from services.oms.domain.commands import ClosePosition, SubmitOrder, TradeCommand
from services.oms.domain.events import (
    Event,
    MarginCheck,
    MoneyBooked,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    PositionChanged,
)
from services.oms.domain.ledger import LedgerEntry, LedgerKind, Realised, trade_postings
from services.oms.domain.margin_check import check_margin
from services.oms.domain.market import Market
from services.oms.domain.orders import Execution, Fill, Order, OrderState, OrderType, RejectReason, Verdict
from services.oms.domain.state import AccountState, Position
from services.oms.domain.trade import NOTHING, Change, Trade, change_of


@dataclass(frozen=True, slots=True)
class Context:
    """What deciding needs besides state and command."""

    now: datetime
    market: Market
    new_id: NewId


@dataclass(frozen=True, slots=True)
class Attempt:
    """A command on its way to becoming an order. `whole`: it closes all of its position, whatever that is by then."""

    command: TradeCommand
    order_id: OrderId
    symbol: str
    side: Side
    quantity: Quantity
    closes: PositionId | None
    whole: bool
    instrument: Instrument
    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """An attempt that is refused before it is routed."""

    attempt: Attempt
    reason: RejectReason
    check: MarginCheck | None = None


def prepare(state: AccountState, command: TradeCommand, context: Context, *, settled: bool) -> Attempt | Refused:
    """Makes an attempt, or refuses it. Raises for a request that can't be an order.

    `settled` says that nothing is under way on the account: only then does its state refuse for good.
    """
    if isinstance(command, ClosePosition):
        position = state.positions.get(command.position_id)
        if position is None:
            raise position_unknown(command)
        return _prepare_close(command, position, context, settled=settled)
    attempt = _attempt_to_submit(command, context)
    if not attempt.instrument.tradable:
        return Refused(attempt, RejectReason.INSTRUMENT_DISABLED)
    return _pre_checked(state, attempt, context) if settled else attempt


def refuse_closed(command: ClosePosition, position: Position, context: Context) -> Refused:
    """Refuses to close a position that was closed before."""
    return Refused(_attempt_to_close(command, position, context), RejectReason.POSITION_NOT_OPEN)


def position_unknown(command: ClosePosition) -> EngineError:
    """The account never had the position."""
    position_id = str(command.position_id)
    return EngineError(
        Kind.NOT_FOUND, "POSITION_UNKNOWN", f"the account has no position {position_id}", positionId=position_id
    )


def complete(state: AccountState, attempt: Attempt | Refused, verdict: Verdict, context: Context) -> list[Event] | None:
    """The events of the attempt, or None when it must be prepared again on the state as it stands now."""
    if isinstance(attempt, Refused):
        return [_rejected(state, attempt.attempt, attempt.reason, attempt.check)]
    if not isinstance(verdict, Execution):
        return [_rejected(state, attempt, verdict, None)]
    if attempt.closes is not None:
        position = state.positions.get(attempt.closes)
        if position is None or (position.quantity < attempt.quantity and not attempt.whole):
            return [_rejected(state, attempt, RejectReason.POSITION_NOT_OPEN, None)]
        if attempt.whole and position.quantity != attempt.quantity:
            return None
    if verdict.quote_age_us > attempt.instrument.quote_age_ms_max * 1000:
        return [_rejected(state, attempt, RejectReason.PRICE_UNAVAILABLE, None)]
    return _executed(state, attempt, verdict, context)


def _prepare_close(command: ClosePosition, position: Position, context: Context, *, settled: bool) -> Attempt | Refused:
    attempt = _attempt_to_close(command, position, context)
    check_step(attempt.instrument, attempt.quantity)
    if settled and attempt.quantity > position.quantity:
        return Refused(attempt, RejectReason.POSITION_NOT_OPEN)
    if not attempt.instrument.tradable:
        return Refused(attempt, RejectReason.INSTRUMENT_DISABLED)
    return attempt


def _attempt_to_submit(command: SubmitOrder, context: Context) -> Attempt:
    instrument = _instrument(command.symbol, context)
    check_quantity(instrument, command.quantity)
    order_id = OrderId(context.new_id())
    return Attempt(
        command, order_id, command.symbol, command.side, command.quantity, None, False, instrument, context.now
    )


def _attempt_to_close(command: ClosePosition, position: Position, context: Context) -> Attempt:
    return Attempt(
        command=command,
        order_id=OrderId(context.new_id()),
        symbol=position.symbol,
        side=position.side.opposite,
        quantity=position.quantity if command.quantity is None else command.quantity,
        closes=command.position_id,
        whole=command.quantity is None,
        instrument=_instrument(position.symbol, context),
        at=context.now,
    )


def _instrument(symbol: str, context: Context) -> Instrument:
    instrument = context.market.terms.instruments.get(symbol)
    if instrument is None:
        raise EngineError(
            Kind.NOT_FOUND, "SYMBOL_UNKNOWN", f"there is no instrument {symbol}", field="symbol", symbol=symbol
        )
    return instrument


def _pre_checked(state: AccountState, attempt: Attempt, context: Context) -> Attempt | Refused:
    quote = context.market.fresh(attempt.symbol)
    if quote is None:
        return Refused(attempt, RejectReason.PRICE_UNAVAILABLE)
    price = Price(quote.ask if attempt.side is Side.BUY else quote.bid)
    change = change_of(state, _trade(attempt, price, PositionId(attempt.order_id)), context.now)
    quote_id = context.market.quote_id(attempt.symbol)
    checked = check_margin(state, attempt.symbol, change, context.market, quote_id)
    if checked.reason is not RejectReason.NONE:
        figures = checked.figures if checked.reason is RejectReason.MARGIN_INSUFFICIENT else None
        return Refused(attempt, checked.reason, figures)
    return attempt


def _trade(attempt: Attempt, price: Price, opens: PositionId) -> Trade:
    return Trade(attempt.symbol, attempt.side, attempt.quantity, price, attempt.closes, opens)


def _executed(state: AccountState, attempt: Attempt, execution: Execution, context: Context) -> list[Event]:
    accepted_at = max(attempt.at, state.last_at)
    filled_at = max(context.now, accepted_at)
    trade = _trade(attempt, execution.price, PositionId(context.new_id()))
    change = change_of(state, trade, filled_at)
    realised = _realised(state, attempt.instrument, change, execution.price, context.market)
    if realised is None:
        return [_rejected(state, attempt, RejectReason.RATE_UNAVAILABLE, None)]
    checked = check_margin(state, attempt.symbol, change, context.market, execution.quote_id)
    if checked.reason is not RejectReason.NONE:
        figures = checked.figures if checked.reason is RejectReason.MARGIN_INSUFFICIENT else None
        return [_rejected(state, attempt, checked.reason, figures)]
    fill = _fill(state, attempt, execution, change, realised, FillId(context.new_id()), filled_at)
    accepted = _order(state, attempt, OrderState.ACCEPTED, accepted_at, accepted_at)
    filled = _order(state, attempt, OrderState.FILLED, accepted_at, filled_at, price=execution.price)
    events: list[Event] = [
        OrderAccepted(accepted, checked.figures, accepted_at),
        OrderFilled(filled, fill, execution.route, execution.quote_age_us, filled_at),
    ]
    events += [PositionChanged(position, fill.fill_id, filled_at) for position in change.positions]
    if change.closed is not None and realised.exact:
        events.append(_booked(state, attempt, realised, TransactionId(context.new_id()), filled_at))
    return events


def _realised(
    state: AccountState, instrument: Instrument, change: Change, price: Price, market: Market
) -> Realised | None:
    exact = ZERO
    if change.closed is not None:
        closed = change.closed
        exact = profit(instrument, closed.side, change.closed_quantity, closed.open_price, price)
    flow = Flow.GAIN if exact >= 0 else Flow.LOSS
    home = state.account.currency
    rate = market.fresh_rate(instrument.quote_currency, home, flow)
    return None if rate is None else Realised(exact, instrument.quote_currency, rate, home)


def _booked(
    state: AccountState, attempt: Attempt, realised: Realised, transaction_id: TransactionId, at: datetime
) -> MoneyBooked:
    account, booked = state.account, realised.booked
    entry = LedgerEntry(
        transaction_id=transaction_id,
        account_id=account.account_id,
        kind=LedgerKind.REALIZED_PNL,
        amount=booked,
        currency=account.currency,
        balance_after=state.balance + booked,
        order_id=attempt.order_id,
        at=at,
    )
    return MoneyBooked(entry, trade_postings(account.account_id, realised), "", b"", at)


def _fill(
    state: AccountState,
    attempt: Attempt,
    execution: Execution,
    change: Change,
    realised: Realised,
    fill_id: FillId,
    at: datetime,
) -> Fill:
    return Fill(
        fill_id=fill_id,
        order_id=attempt.order_id,
        account_id=state.account.account_id,
        position_id=change.position_id,
        symbol=attempt.symbol,
        side=attempt.side,
        quantity=attempt.quantity,
        price=execution.price,
        realized_pnl=realised.booked if change.closed is not None else Decimal(0),
        conversion_rate=realised.rate,
        quote_id=execution.quote_id,
        at=at,
    )


def _rejected(state: AccountState, attempt: Attempt, reason: RejectReason, check: MarginCheck | None) -> OrderRejected:
    at = max(attempt.at, state.last_at)
    return OrderRejected(_order(state, attempt, OrderState.REJECTED, at, at, reason=reason), check, at)


def _order(
    state: AccountState,
    attempt: Attempt,
    order_state: OrderState,
    submitted_at: datetime,
    updated_at: datetime,
    *,
    price: Price | None = None,
    reason: RejectReason = RejectReason.NONE,
) -> Order:
    return Order(
        order_id=attempt.order_id,
        account_id=state.account.account_id,
        client_order_id=attempt.command.client_order_id,
        request_hash=attempt.command.request_hash,
        symbol=attempt.symbol,
        side=attempt.side,
        type=OrderType.MARKET,
        quantity=attempt.quantity,
        filled_quantity=NOTHING if price is None else attempt.quantity,
        average_price=price,
        state=order_state,
        reject_reason=reason,
        position_id=attempt.closes,
        submitted_at=submitted_at,
        updated_at=updated_at,
    )
