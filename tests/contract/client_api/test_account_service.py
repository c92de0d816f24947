"""The promises of `tradeloom.client.v1.AccountService`, on the wire."""

import pytest
from tradeloom.client.v1 import account_service_pb2 as pb

from services.kernel.errors import EngineError, Kind
from tests.fakes.subject import ACCOUNT


async def test_list_accounts_gives_those_of_the_caller(api):
    response = await api.ListAccounts(pb.ListAccountsRequest(), token=api.token())
    assert ACCOUNT in [account.account_id for account in response.accounts]
    assert "D-2001" not in [account.number for account in response.accounts]


async def test_get_account_gives_the_account(api):
    response = await api.GetAccount(pb.GetAccountRequest(account_id=ACCOUNT), token=api.token())
    assert (response.account.account_id, response.account.number) == (ACCOUNT, "D-1001")


async def test_get_account_summary_and_list_positions_are_of_one_state(api):
    summary = await api.GetAccountSummary(pb.GetAccountSummaryRequest(account_id=ACCOUNT), token=api.token())
    positions = await api.ListPositions(pb.ListPositionsRequest(account_id=ACCOUNT), token=api.token())
    assert (summary.summary.balance, summary.summary.sequence) == ("100000.00", 17)
    assert ([position.quantity for position in positions.positions], positions.sequence) == (["1.00"], 17)


async def test_list_changes_passes_the_sequence_and_the_limit_through(api):
    asked = pb.ListChangesRequest(account_id=ACCOUNT, since_sequence=5, limit=3)
    response = await api.ListChanges(asked, token=api.token())
    assert ([change.sequence for change in response.changes], response.last_sequence) == ([6], 9)
    assert (api.oms.asked[-1].since_sequence, api.oms.asked[-1].limit) == (5, 3)


async def test_list_ledger_entries_passes_the_cursor_through(api):
    asked = pb.ListLedgerEntriesRequest(account_id=ACCOUNT, limit=4, cursor="ledger-1")
    response = await api.ListLedgerEntries(asked, token=api.token())
    assert ([entry.amount for entry in response.entries], response.next_cursor) == (["5.00"], "ledger-2")
    assert (api.oms.asked[-1].limit, api.oms.asked[-1].cursor) == (4, "ledger-1")


@pytest.mark.parametrize(
    ("method", "request_type", "changed"),
    [
        ("GetAccount", pb.GetAccountRequest, {"account_id": "1"}),
        ("GetAccountSummary", pb.GetAccountSummaryRequest, {"account_id": ""}),
        ("ListPositions", pb.ListPositionsRequest, {"account_id": "x"}),
        ("ListChanges", pb.ListChangesRequest, {"account_id": ACCOUNT, "since_sequence": -1}),
        ("ListChanges", pb.ListChangesRequest, {"account_id": ACCOUNT, "limit": 1001}),
        ("ListLedgerEntries", pb.ListLedgerEntriesRequest, {"account_id": ACCOUNT, "limit": -1}),
    ],
)
async def test_a_request_that_breaks_a_rule_names_the_field(api, method, request_type, changed):
    with pytest.raises(EngineError) as caught:
        await getattr(api, method)(request_type(**changed), token=api.token())
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID, "FIELD_INVALID")
    assert [field for field, _ in caught.value.violations] == [list(changed)[-1]]


async def test_the_owner_is_asked_for_once_however_often_the_account_is_read(api):
    for _ in range(3):
        await api.ListPositions(pb.ListPositionsRequest(account_id=ACCOUNT), token=api.token())
    assert len(api.oms.asked) == 1
