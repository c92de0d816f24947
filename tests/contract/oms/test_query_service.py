"""The promises of `QueryService`: every method, every reason."""

from typing import Any

import pytest
from tradeloom.oms.v1 import query_service_pb2 as pb

from services.kernel.errors import EngineError, Kind
from services.oms.ports import StoreFailed
from tests.fakes.oms import USER, account_id

from .conftest import Service, opening

NOBODY = str(account_id(9))


async def test_list_accounts_then_gives_those_of_the_user_by_number(service: Service) -> None:
    for number in (2, 1):
        await service.commands.OpenAccount(opening(number))
    await service.commands.OpenAccount(opening(3, user_id=NOBODY))
    listed = await service.queries.ListAccounts(pb.ListAccountsRequest(user_id=str(USER)))
    assert [account.number for account in listed.accounts] == ["D-1", "D-2"]


async def test_get_account_then_tells_its_owner(service: Service) -> None:
    key = await service.open()
    got = await service.queries.GetAccount(pb.GetAccountRequest(account_id=key))
    assert (got.account.account_id, got.user_id, got.tenant) == (key, str(USER), "demo")


async def test_get_account_state_then_values_positions_at_the_current_prices(service: Service) -> None:
    key = await service.open()
    await service.submit("a")
    await service.submit("b", "USDJPY", side=2, quantity="0.5")
    got = await service.queries.GetAccountState(pb.GetAccountStateRequest(account_id=key))
    assert [position.symbol for position in got.positions] == ["EURUSD", "USDJPY"]
    assert [position.unrealized_pnl for position in got.positions] == ["-10.00", "-3.33"]
    assert [position.margin for position in got.positions] == ["3663.33", "1665.00"]
    summary = got.summary
    assert (summary.balance, summary.unrealized_pnl, summary.margin_used) == ("100000.00", "-13.33", "5328.33")
    assert summary.sequence == 8


async def test_get_order_then_finds_it_by_either_id(service: Service) -> None:
    key = await service.open()
    outcome = (await service.submit("mine")).outcome
    by_id = await service.queries.GetOrder(pb.GetOrderRequest(account_id=key, order_id=outcome.order.order_id))
    by_key = await service.queries.GetOrder(pb.GetOrderRequest(account_id=key, client_order_id="mine"))
    assert by_id == by_key
    assert (by_id.order, list(by_id.fills)) == (outcome.order, list(outcome.fills))


@pytest.mark.parametrize("key", [{"order_id": NOBODY}, {"client_order_id": "nope"}])
async def test_get_order_when_there_is_none_then_is_unknown(service: Service, key: dict[str, str]) -> None:
    account = await service.open()
    with pytest.raises(EngineError) as caught:
        await service.queries.GetOrder(pb.GetOrderRequest(account_id=account, **key))
    assert (caught.value.kind, caught.value.reason) == (Kind.NOT_FOUND, "ORDER_UNKNOWN")


@pytest.mark.parametrize("listing", ["orders", "fills"])
async def test_lists_when_paged_then_give_each_row_once_newest_first(service: Service, listing: str) -> None:
    key = await service.open()
    placed = [(await service.submit(f"o-{at}", quantity="0.01")).outcome.order.order_id for at in range(5)]
    seen, cursor, pages = [], "", 0
    while True:
        if listing == "orders":
            page = await service.queries.ListOrders(pb.ListOrdersRequest(account_id=key, limit=2, cursor=cursor))
            seen += [one.order_id for one in page.orders]
        else:
            page = await service.queries.ListFills(pb.ListFillsRequest(account_id=key, limit=2, cursor=cursor))
            seen += [one.order_id for one in page.fills]
        pages += 1
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == placed[::-1]
    assert pages == 3


async def test_list_ledger_entries_then_gives_movements_newest_first(service: Service) -> None:
    key = await service.open()
    position_id = (await service.submit()).outcome.fills[0].position_id
    closed = (await service.close("c", position_id)).outcome
    listed = await service.queries.ListLedgerEntries(pb.ListLedgerEntriesRequest(account_id=key))
    assert [entry.amount for entry in listed.entries] == ["-10.00", "100000.00"]
    assert listed.entries[0].order_id == closed.order.order_id
    assert not listed.entries[1].HasField("order_id")
    assert listed.next_cursor == ""


async def test_list_changes_then_gives_the_journal_in_sequence(service: Service) -> None:
    key = await service.open()
    await service.submit()
    everything = await service.queries.ListChanges(pb.ListChangesRequest(account_id=key))
    assert [change.sequence for change in everything.changes] == [1, 2, 3, 4, 5]
    kinds = [change.WhichOneof("change") for change in everything.changes]
    assert kinds == ["account_opened", "ledger_entry", "order", "fill", "position"]
    later = await service.queries.ListChanges(pb.ListChangesRequest(account_id=key, since_sequence=3, limit=1))
    assert list(later.changes) == [everything.changes[3]]
    assert later.last_sequence == 5
    none = await service.queries.ListChanges(pb.ListChangesRequest(account_id=key, since_sequence=5))
    assert (len(none.changes), none.last_sequence) == (0, 5)


REQUESTS = [
    ("GetAccount", pb.GetAccountRequest(account_id=NOBODY)),
    ("GetAccountState", pb.GetAccountStateRequest(account_id=NOBODY)),
    ("GetOrder", pb.GetOrderRequest(account_id=NOBODY, client_order_id="x")),
    ("ListOrders", pb.ListOrdersRequest(account_id=NOBODY)),
    ("ListFills", pb.ListFillsRequest(account_id=NOBODY)),
    ("ListLedgerEntries", pb.ListLedgerEntriesRequest(account_id=NOBODY)),
    ("ListChanges", pb.ListChangesRequest(account_id=NOBODY)),
]


@pytest.mark.parametrize(("method", "request_"), REQUESTS)
async def test_query_when_the_account_does_not_exist_then_is_unknown(
    service: Service, method: str, request_: Any
) -> None:
    with pytest.raises(EngineError) as caught:
        await getattr(service.queries, method)(request_)
    assert (caught.value.kind, caught.value.reason) == (Kind.NOT_FOUND, "ACCOUNT_UNKNOWN")


@pytest.mark.parametrize("cursor", ["!", "abc", "AAAA", "é", "AAAAAAAAAAAAAAAAAAAAAAA="])
@pytest.mark.parametrize("method", ["ListOrders", "ListFills", "ListLedgerEntries"])
async def test_list_when_the_cursor_is_not_ours_then_is_invalid(service: Service, method: str, cursor: str) -> None:
    key = await service.open()
    request = getattr(pb, f"{method}Request")(account_id=key, cursor=cursor)
    with pytest.raises(EngineError) as caught:
        await getattr(service.queries, method)(request)
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID, "CURSOR_INVALID")


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GetAccount", {"account_id": "x"}),
        ("GetOrder", {"account_id": NOBODY}),
        ("ListOrders", {"account_id": NOBODY, "limit": 1001}),
        ("ListChanges", {"account_id": NOBODY, "since_sequence": -1}),
        ("ListAccounts", {"user_id": ""}),
    ],
)
async def test_query_when_a_field_breaks_its_rule_then_is_invalid(
    service: Service, method: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(EngineError) as caught:
        await getattr(service.queries, method)(getattr(pb, f"{method}Request")(**fields))
    assert caught.value.reason == "FIELD_INVALID"


async def test_query_when_the_books_cannot_be_read_then_is_unavailable(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise StoreFailed("gone")

    monkeypatch.setattr(service.books, "orders", fail)
    with pytest.raises(EngineError) as caught:
        await service.queries.ListOrders(pb.ListOrdersRequest(account_id=NOBODY))
    assert (caught.value.kind, caught.value.reason) == (Kind.UNAVAILABLE, "BOOKS_UNAVAILABLE")
