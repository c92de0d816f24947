"""The promises of `CommandService`: every method, every reason."""

from typing import Any

import pytest
from tradeloom.client.v1 import trading_pb2 as client_pb
from tradeloom.oms.v1 import command_service_pb2 as pb
from tradeloom.oms.v1 import events_pb2, journal_pb2
from tradeloom.router.v1 import router_service_pb2 as router_pb

from services.kernel.errors import EngineError, Kind
from services.kit.status import error_of
from services.oms.ports import CommitUnknown, StoreFailed
from tests.fakes.oms import account_id

from .conftest import Service, opening, until


def refused(result: pb.CommandResult) -> EngineError:
    """The error of a result."""
    assert result.WhichOneof("result") == "error", result
    return error_of(result.error)


async def test_open_account_then_returns_it_and_again_the_same(service: Service) -> None:
    first = await service.commands.OpenAccount(opening())
    again = await service.commands.OpenAccount(opening())
    assert first == again
    assert (first.account.number, first.account.currency) == ("D-1", "USD")
    assert first.account.HasField("open_time")


@pytest.mark.parametrize("changed", [{"currency": "EUR"}, {"account_id": str(account_id(2))}])
async def test_open_account_when_another_body_or_the_number_is_taken_then_exists(
    service: Service, changed: dict[str, str]
) -> None:
    await service.commands.OpenAccount(opening())
    with pytest.raises(EngineError) as caught:
        await service.commands.OpenAccount(opening(**changed))
    assert (caught.value.kind, caught.value.reason) == (Kind.CONFLICT, "ACCOUNT_EXISTS")


@pytest.mark.parametrize(
    "changed", [{"account_id": "x"}, {"currency": "usd"}, {"position_mode": 0}, {"tenant": ""}, {"number": "a b"}]
)
async def test_open_account_when_a_field_breaks_its_rule_then_is_invalid(
    service: Service, changed: dict[str, Any]
) -> None:
    with pytest.raises(EngineError) as caught:
        await service.commands.OpenAccount(opening(**changed))
    assert caught.value.reason == "FIELD_INVALID"
    assert caught.value.violations[0][0] == next(iter(changed))


async def test_deposit_then_books_once_by_its_key(service: Service) -> None:
    key = await service.open()
    request = pb.DepositRequest(account_id=key, request_id="r", amount="12.5")
    first = await service.commands.Deposit(request)
    assert (first.entry.amount, first.entry.balance_after) == ("12.50", "100012.50")
    assert first.entry.kind == client_pb.LEDGER_KIND_DEPOSIT
    assert await service.commands.Deposit(request) == first


@pytest.mark.parametrize(
    ("changed", "kind", "reason"),
    [
        ({"amount": "13"}, Kind.CONFLICT, "REQUEST_ID_REUSED"),
        ({"account_id": str(account_id(9))}, Kind.NOT_FOUND, "ACCOUNT_UNKNOWN"),
        ({"amount": "0", "request_id": "n"}, Kind.INVALID, "AMOUNT_INVALID"),
        ({"amount": "1.001", "request_id": "n"}, Kind.INVALID, "AMOUNT_INVALID"),
        ({"amount": "-1"}, Kind.INVALID, "FIELD_INVALID"),
        ({"amount": "NaN"}, Kind.INVALID, "FIELD_INVALID"),
        ({"request_id": "a b"}, Kind.INVALID, "FIELD_INVALID"),
    ],
)
async def test_deposit_when_it_cannot_be_then_says_why(
    service: Service, changed: dict[str, str], kind: Kind, reason: str
) -> None:
    key = await service.open()
    request = {"account_id": key, "request_id": "r", "amount": "12.5"}
    await service.commands.Deposit(pb.DepositRequest(**request))
    with pytest.raises(EngineError) as caught:
        await service.commands.Deposit(pb.DepositRequest(**{**request, **changed}))
    assert (caught.value.kind, caught.value.reason) == (kind, reason)


async def test_submit_then_fills_at_the_quoted_price_and_shows_the_account(service: Service) -> None:
    key = await service.open()
    outcome = (await service.submit()).outcome
    assert outcome.order.state == client_pb.ORDER_STATE_FILLED
    assert (outcome.order.quantity, outcome.order.filled_quantity, outcome.order.average_price) == ("1", "1", "1.10010")
    (fill,) = outcome.fills
    assert (fill.price, fill.realized_pnl, fill.conversion_rate, fill.quote_id) == ("1.10010", "0", "1", "7-1")
    summary = outcome.summary
    assert summary.account_id == key
    assert (summary.balance, summary.unrealized_pnl, summary.equity) == ("100000.00", "-10.00", "99990.00")
    assert (summary.margin_used, summary.free_margin, summary.margin_level) == ("3663.33", "96326.67", "2729.48")
    assert summary.prices_current
    assert not outcome.replayed


async def test_close_then_realises_and_the_books_balance(service: Service) -> None:
    await service.open()
    opened = (await service.submit()).outcome
    closed = (await service.close("c-1", opened.fills[0].position_id)).outcome
    assert closed.order.side == client_pb.SIDE_SELL
    assert closed.order.position_id == opened.fills[0].position_id
    assert closed.fills[0].realized_pnl == "-10.00"
    assert closed.summary.balance == "99990.00"
    assert not closed.summary.HasField("margin_level")
    assert sum(amount for _, _, amount in service.books.postings) == 0


async def test_close_when_a_part_then_the_rest_stays_open(service: Service) -> None:
    await service.open()
    opened = (await service.submit()).outcome
    closed = (await service.close("c-1", opened.fills[0].position_id, "0.25")).outcome
    assert closed.order.quantity == "0.25"
    assert closed.summary.margin_used == "2747.50"


async def test_submit_when_asked_again_then_replays_without_a_summary(service: Service) -> None:
    await service.open()
    first, again = (await service.submit()).outcome, (await service.submit(quantity="1.00")).outcome
    assert again.replayed
    assert not again.HasField("summary")
    assert (again.order, again.fills) == (first.order, first.fills)


async def test_submit_when_the_key_is_reused_then_conflicts(service: Service) -> None:
    await service.open()
    await service.submit()
    error = refused(await service.submit(quantity="2"))
    assert (error.kind, error.reason) == (Kind.CONFLICT, "CLIENT_ORDER_ID_REUSED")


@pytest.mark.parametrize(
    ("changed", "kind", "reason"),
    [
        ({"symbol": "NOPE"}, Kind.NOT_FOUND, "SYMBOL_UNKNOWN"),
        ({"quantity": "0.001"}, Kind.INVALID, "QUANTITY_OUT_OF_RANGE"),
        ({"quantity": "0"}, Kind.INVALID, "QUANTITY_OUT_OF_RANGE"),
        ({"quantity": "1000"}, Kind.INVALID, "QUANTITY_OUT_OF_RANGE"),
        ({"quantity": "0.015"}, Kind.INVALID, "QUANTITY_STEP"),
        ({"quantity": "-1"}, Kind.INVALID, "FIELD_INVALID"),
        ({"quantity": "NaN"}, Kind.INVALID, "FIELD_INVALID"),
        ({"quantity": "1e3"}, Kind.INVALID, "FIELD_INVALID"),
        ({"side": 0}, Kind.INVALID, "FIELD_INVALID"),
        ({"side": 7}, Kind.INVALID, "FIELD_INVALID"),
        ({"type": 0}, Kind.INVALID, "FIELD_INVALID"),
        ({"symbol": "eur\x01usd"}, Kind.INVALID, "FIELD_INVALID"),
        ({"account_id": "nonsense"}, Kind.INVALID, "FIELD_INVALID"),
        ({"account_id": str(account_id(9))}, Kind.NOT_FOUND, "ACCOUNT_UNKNOWN"),
        ({"key": "a b"}, Kind.INVALID, "FIELD_INVALID"),
        ({"key": ""}, Kind.INVALID, "FIELD_INVALID"),
    ],
)
async def test_submit_when_it_cannot_be_an_order_then_says_why_and_records_nothing(
    service: Service, changed: dict[str, Any], kind: Kind, reason: str
) -> None:
    await service.open()
    error = refused(await service.submit(**changed))
    assert (error.kind, error.reason) == (kind, reason)
    assert service.books.order_rows == {}


async def test_command_when_it_says_nothing_to_do_then_is_invalid(service: Service) -> None:
    command = pb.Command(account_id=str(account_id(1)), client_order_id="x")
    assert refused(await service.trading.call(command)).reason == "FIELD_INVALID"


async def test_close_when_the_account_never_had_the_position_then_is_unknown(service: Service) -> None:
    await service.open()
    error = refused(await service.close("c-1", str(account_id(50))))
    assert (error.kind, error.reason) == (Kind.NOT_FOUND, "POSITION_UNKNOWN")


async def _margin(service: Service) -> pb.CommandResult:
    return await service.submit(quantity="60")


async def _price(service: Service) -> pb.CommandResult:
    service.peers.publish("EURUSD", age_us=5_100_000, sequence=2)
    await until(lambda: service.market.snapshot().fresh("EURUSD") is None)
    return await service.submit()


async def _venue_price(service: Service) -> pb.CommandResult:
    service.peers.refusal = client_pb.REJECT_REASON_PRICE_UNAVAILABLE
    return await service.submit()


async def _disabled(service: Service) -> pb.CommandResult:
    from dataclasses import replace

    service.peers.instruments["EURUSD"] = replace(service.peers.instruments["EURUSD"], tradable=False)
    await service.market.reference.load()
    return await service.submit()


async def _closed(service: Service) -> pb.CommandResult:
    position_id = (await service.submit("first")).outcome.fills[0].position_id
    await service.close("c-1", position_id)
    return await service.close("c-2", position_id)


async def _too_much(service: Service) -> pb.CommandResult:
    position_id = (await service.submit("first")).outcome.fills[0].position_id
    return await service.close("c-1", position_id, "1.01")


async def _route(service: Service) -> pb.CommandResult:
    service.peers.book = router_pb.BOOK_UNSPECIFIED
    return await service.submit()


async def _rate(service: Service) -> pb.CommandResult:
    position_id = (await service.submit("first", "USDJPY")).outcome.fills[0].position_id
    service.peers.publish("USDJPY", bid_points=0, bid_quantity=0)
    await until(lambda: service.market.snapshot().fresh("USDJPY") is None)
    return await service.close("c-1", position_id)


@pytest.mark.parametrize(
    ("happen", "reason"),
    [
        (_margin, client_pb.REJECT_REASON_MARGIN_INSUFFICIENT),
        (_price, client_pb.REJECT_REASON_PRICE_UNAVAILABLE),
        (_venue_price, client_pb.REJECT_REASON_PRICE_UNAVAILABLE),
        (_disabled, client_pb.REJECT_REASON_INSTRUMENT_DISABLED),
        (_closed, client_pb.REJECT_REASON_POSITION_NOT_OPEN),
        (_too_much, client_pb.REJECT_REASON_POSITION_NOT_OPEN),
        (_route, client_pb.REJECT_REASON_NO_ROUTE),
        (_rate, client_pb.REJECT_REASON_RATE_UNAVAILABLE),
    ],
)
async def test_order_when_refused_then_is_answered_and_on_record(service: Service, happen: Any, reason: int) -> None:
    key = await service.open()
    outcome = (await happen(service)).outcome
    assert outcome.order.state == client_pb.ORDER_STATE_REJECTED
    assert outcome.order.reject_reason == reason
    assert not outcome.fills
    assert outcome.summary.account_id == key
    last = journal_pb2.JournalEntry.FromString(service.books.journal_rows[account_id(1)][-1].payload)
    assert last.order_rejected.order == outcome.order


async def test_quotes_when_the_stream_is_lost_then_nothing_is_filled_until_it_is_back(service: Service) -> None:
    await service.open()
    service.peers.quotes.put_nowait(None)
    await until(lambda: service.market.snapshot().fresh("EURUSD") is None)
    lost = (await service.submit("lost")).outcome
    assert lost.order.reject_reason == client_pb.REJECT_REASON_PRICE_UNAVAILABLE
    service.peers.publish("EURUSD")
    await until(lambda: service.market.snapshot().fresh("EURUSD") is not None)
    assert (await service.submit("back")).outcome.order.state == client_pb.ORDER_STATE_FILLED


async def test_execution_when_its_quote_was_too_old_then_is_not_taken(service: Service) -> None:
    await service.open()
    service.peers.age_us = 5_000_001
    assert (await service.submit()).outcome.order.reject_reason == client_pb.REJECT_REASON_PRICE_UNAVAILABLE


async def test_venue_when_it_answers_for_other_orders_then_nothing_is_recorded(service: Service) -> None:
    await service.open()
    service.peers.garbled = True
    error = refused(await service.submit())
    assert (error.kind, error.reason) == (Kind.UNAVAILABLE, "VENUE_ANSWER_INVALID")
    assert service.books.order_rows == {}


async def test_books_when_they_fail_then_nothing_was_done(service: Service) -> None:
    await service.open()
    service.books.faults = [StoreFailed()]
    error = refused(await service.submit())
    assert (error.kind, error.reason) == (Kind.UNAVAILABLE, "BOOKS_UNAVAILABLE")


async def test_commit_when_nobody_can_tell_then_the_outcome_is_unknown(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.oms.handlers.batch.RESOLVE_S", (0.0,))
    await service.open()
    service.books.faults = [CommitUnknown()]
    service.books.resolve_fails = True
    error = refused(await service.submit())
    assert (error.kind, error.reason) == (Kind.UNAVAILABLE, "OUTCOME_UNKNOWN")


async def test_command_when_too_many_wait_then_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.oms.handlers.pipeline import Limits

    await service.open()
    monkeypatch.setattr(service.pipeline, "_limits", Limits(queue_max=0))
    error = refused(await service.submit())
    assert (error.kind, error.reason) == (Kind.LIMITED, "OVERLOADED")
    assert service.books.order_rows == {}


async def test_events_when_an_order_fills_then_tell_what_the_journal_says(service: Service) -> None:
    key = await service.open()
    outcome = (await service.submit()).outcome
    changed = events_pb2.AccountChanged.FromString(service.books.outbox[-1][1])
    assert changed.account_id == key
    assert [change.WhichOneof("change") for change in changed.changes] == ["order", "fill", "position"]
    assert [change.sequence for change in changed.changes] == [3, 4, 5]
    assert changed.changes[1].fill == outcome.fills[0]
    assert changed.summary == outcome.summary
    filled = journal_pb2.JournalEntry.FromString(service.books.journal_rows[account_id(1)][3].payload).order_filled
    assert (filled.book, filled.rule_id, filled.rule_version, filled.quote_age_us) == ("B", "all", 3, 500)
