"""gRPC in: commands and queries."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import grpc
from tradeloom.client.v1 import trading_pb2 as client_pb
from tradeloom.oms.v1 import command_service_pb2 as pb
from tradeloom.oms.v1 import command_service_pb2_grpc as rpc
from tradeloom.oms.v1 import query_service_pb2 as query_pb
from tradeloom.oms.v1 import query_service_pb2_grpc as query_rpc

from services.kernel.errors import EngineError, Kind
from services.kernel.ids import AccountId, parse_id
from services.kernel.money import text
from services.kit.mux import answer_items
from services.kit.status import status_of
from services.oms.convert import pages, trading
from services.oms.convert.journal import change_of_payload
from services.oms.convert.requests import deposit_from_pb, open_from_pb, trade_from_pb
from services.oms.domain.commands import Command
from services.oms.handlers.queries import Queries, ValuedPosition
from services.oms.ports import AccountOutcome, DepositOutcome, OrderOutcome, Outcome, StoreFailed

T = TypeVar("T")

Submit = Callable[[Command], Awaitable[Outcome]]


class CommandService(rpc.CommandServiceServicer):
    """Commands that change accounts."""

    def __init__(self, submit: Submit) -> None:
        self._submit = submit

    def register(self, server: grpc.aio.Server) -> str:
        """Adds it to the server; returns its name."""
        rpc.add_CommandServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["CommandService"].full_name

    async def ExecuteCommands(  # type: ignore[override]
        self, request_iterator: AsyncIterator[pb.ExecuteCommandsRequest], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.ExecuteCommandsResponse]:
        """Trades, over the hot link."""
        async for response in answer_items(request_iterator, pb.ExecuteCommandsResponse, self._execute):
            yield response

    async def OpenAccount(self, request: pb.OpenAccountRequest, context: object) -> pb.OpenAccountResponse:
        """Opens an account."""
        outcome = await self._submit(open_from_pb(request))
        assert isinstance(outcome, AccountOutcome)
        return pb.OpenAccountResponse(account=trading.account_to_pb(outcome.state.account))

    async def Deposit(self, request: pb.DepositRequest, context: object) -> pb.DepositResponse:
        """Books money paid in."""
        outcome = await self._submit(deposit_from_pb(request))
        assert isinstance(outcome, DepositOutcome)
        return pb.DepositResponse(entry=trading.entry_to_pb(outcome.entry))

    async def _execute(self, item: pb.Command) -> pb.CommandResult:
        try:
            outcome = await self._submit(trade_from_pb(item))
        except EngineError as error:
            return pb.CommandResult(id=item.id, error=status_of(error))
        assert isinstance(outcome, OrderOutcome)
        return pb.CommandResult(id=item.id, outcome=_outcome_to_pb(outcome))


class QueryService(query_rpc.QueryServiceServicer):
    """Reading accounts, orders and positions."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def register(self, server: grpc.aio.Server) -> str:
        """Adds it to the server; returns its name."""
        query_rpc.add_QueryServiceServicer_to_server(self, server)
        return query_pb.DESCRIPTOR.services_by_name["QueryService"].full_name

    async def ListAccounts(
        self, request: query_pb.ListAccountsRequest, context: object
    ) -> query_pb.ListAccountsResponse:
        """The accounts of a user, by number."""
        states = await _answered(self._queries.accounts_of(parse_id("user_id", request.user_id)))
        return query_pb.ListAccountsResponse(accounts=[trading.account_to_pb(state.account) for state in states])

    async def GetAccount(self, request: query_pb.GetAccountRequest, context: object) -> query_pb.GetAccountResponse:
        """An account and its owner."""
        account = (await _answered(self._queries.account(_account_id(request)))).account
        return query_pb.GetAccountResponse(
            account=trading.account_to_pb(account), user_id=str(account.user_id), tenant=account.tenant
        )

    async def GetAccountState(
        self, request: query_pb.GetAccountStateRequest, context: object
    ) -> query_pb.GetAccountStateResponse:
        """The account's money and open positions at the current prices."""
        state, summary, positions = await _answered(self._queries.valued(_account_id(request)))
        account = state.account
        return query_pb.GetAccountStateResponse(
            summary=trading.summary_to_pb(account.account_id, account.currency, summary),
            positions=[_position_to_pb(account.account_id, valued) for valued in positions],
        )

    async def GetOrder(self, request: query_pb.GetOrderRequest, context: object) -> query_pb.GetOrderResponse:
        """One order by its id or by the client's."""
        order_id = parse_id("order_id", request.order_id) if request.HasField("order_id") else None
        found = await _answered(
            self._queries.order(_account_id(request), order_id=order_id, client_order_id=request.client_order_id)
        )
        return query_pb.GetOrderResponse(
            order=trading.order_to_pb(found.order), fills=[trading.fill_to_pb(fill) for fill in found.fills]
        )

    async def ListOrders(self, request: query_pb.ListOrdersRequest, context: object) -> query_pb.ListOrdersResponse:
        """Orders, newest first."""
        page = pages.page_from_pb(request.limit, request.cursor)
        rows = await _answered(self._queries.orders(_account_id(request), page))
        orders, cursor = pages.shown(rows, page, lambda order: order.order_id)
        return query_pb.ListOrdersResponse(orders=map(trading.order_to_pb, orders), next_cursor=cursor)

    async def ListFills(self, request: query_pb.ListFillsRequest, context: object) -> query_pb.ListFillsResponse:
        """Fills, newest first."""
        page = pages.page_from_pb(request.limit, request.cursor)
        rows = await _answered(self._queries.fills(_account_id(request), page))
        fills, cursor = pages.shown(rows, page, lambda fill: fill.fill_id)
        return query_pb.ListFillsResponse(fills=map(trading.fill_to_pb, fills), next_cursor=cursor)

    async def ListLedgerEntries(
        self, request: query_pb.ListLedgerEntriesRequest, context: object
    ) -> query_pb.ListLedgerEntriesResponse:
        """Movements of money, newest first."""
        page = pages.page_from_pb(request.limit, request.cursor)
        rows = await _answered(self._queries.entries(_account_id(request), page))
        entries, cursor = pages.shown(rows, page, lambda entry: entry.transaction_id)
        return query_pb.ListLedgerEntriesResponse(entries=map(trading.entry_to_pb, entries), next_cursor=cursor)

    async def ListChanges(self, request: query_pb.ListChangesRequest, context: object) -> query_pb.ListChangesResponse:
        """The journal after a sequence, oldest first."""
        limit = request.limit or pages.LIMIT
        changes, last = await _answered(self._queries.changes(_account_id(request), request.since_sequence, limit))
        return query_pb.ListChangesResponse(
            changes=[change_of_payload(change.payload) for change in changes], last_sequence=last
        )


async def _answered(reading: Awaitable[T]) -> T:
    try:
        return await reading
    except StoreFailed:
        raise EngineError(Kind.UNAVAILABLE, "BOOKS_UNAVAILABLE", "the books can't be read at the moment") from None


def _account_id(request: object) -> AccountId:
    account_id: UUID = parse_id("account_id", request.account_id)  # type: ignore[attr-defined]
    return AccountId(account_id)


def _position_to_pb(account_id: AccountId, valued: ValuedPosition) -> client_pb.Position:
    message = trading.position_to_pb(account_id, valued.position)
    if valued.profit is not None:
        message.unrealized_pnl = text(valued.profit)
    if valued.margin is not None:
        message.margin = text(valued.margin)
    return message


def _outcome_to_pb(outcome: OrderOutcome) -> pb.OrderOutcome:
    message = pb.OrderOutcome(
        order=trading.order_to_pb(outcome.order),
        fills=[trading.fill_to_pb(fill) for fill in outcome.fills],
        replayed=outcome.replayed,
    )
    if outcome.summary is not None:
        summary = trading.summary_to_pb(outcome.order.account_id, outcome.currency, outcome.summary)
        message.summary.CopyFrom(summary)
    return message
