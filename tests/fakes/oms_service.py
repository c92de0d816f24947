"""oms as client_api sees it: accounts with owners, orders that fill at once, and ways to go wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any
from uuid import UUID

import grpc
from tradeloom.client.v1 import trading_pb2 as trading
from tradeloom.oms.v1 import command_service_pb2 as command_pb
from tradeloom.oms.v1 import command_service_pb2_grpc as command_rpc
from tradeloom.oms.v1 import query_service_pb2 as pb
from tradeloom.oms.v1 import query_service_pb2_grpc as rpc

from services.kernel.errors import EngineError, Kind
from services.kit.mux import answer_items
from services.kit.status import status_of

Execute = Callable[[command_pb.Command], Awaitable[command_pb.CommandResult]]


class FakeOms(rpc.QueryServiceServicer, command_rpc.CommandServiceServicer):  # type: ignore[misc]
    """Keeps accounts and orders in memory. `execute` can be replaced; `asked` holds every query that came."""

    def __init__(self) -> None:
        self.owners: dict[str, tuple[str, str]] = {}
        self.orders: dict[tuple[str, str], command_pb.OrderOutcome] = {}
        self.commands: list[command_pb.Command] = []
        self.asked: list[Any] = []
        self.execute: Execute = self.fill
        self.break_links = asyncio.Event()
        self._numbers = count(1)

    def register(self, server: grpc.aio.Server) -> str:
        rpc.add_QueryServiceServicer_to_server(self, server)
        command_rpc.add_CommandServiceServicer_to_server(self, server)
        return "tradeloom.oms.v1.QueryService"

    def add_account(self, account_id: str, user_id: str, tenant: str = "demo") -> None:
        self.owners[account_id] = (user_id, tenant)

    async def ExecuteCommands(self, request_iterator: Any, context: grpc.aio.ServicerContext) -> Any:
        answers = answer_items(request_iterator, command_pb.ExecuteCommandsResponse, self._answer)
        breaking = asyncio.create_task(self.break_links.wait())
        try:
            while True:
                answer = asyncio.create_task(anext(answers))
                answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # Seen, whoever waits.
                await asyncio.wait({answer, breaking}, return_when=asyncio.FIRST_COMPLETED)
                if breaking.done():
                    answer.cancel()
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "the process died")
                yield answer.result()
        except StopAsyncIteration:
            return
        finally:
            breaking.cancel()

    async def _answer(self, command: command_pb.Command) -> command_pb.CommandResult:
        self.commands.append(command)
        try:
            result = await self.execute(command)
        except EngineError as error:
            result = command_pb.CommandResult(error=status_of(error))
        result.id = command.id
        return result

    async def fill(self, command: command_pb.Command) -> command_pb.CommandResult:
        """Fills the order, or answers it again."""
        key = (command.account_id, command.client_order_id)
        if key in self.orders:
            again = command_pb.OrderOutcome(replayed=True)
            again.order.CopyFrom(self.orders[key].order)
            again.fills.extend(self.orders[key].fills)
            return command_pb.CommandResult(outcome=again)
        self.orders[key] = self._filled(command)
        return command_pb.CommandResult(outcome=self.orders[key])

    def _filled(self, command: command_pb.Command) -> command_pb.OrderOutcome:
        number = next(self._numbers)
        submit = command.submit_order
        order = trading.Order(
            order_id=str(UUID(int=number)),
            account_id=command.account_id,
            client_order_id=command.client_order_id,
            symbol=submit.symbol or "EURUSD",
            side=submit.side or trading.SIDE_SELL,
            type=trading.ORDER_TYPE_MARKET,
            quantity=submit.quantity or command.close_position.quantity or "1.00",
            filled_quantity=submit.quantity or command.close_position.quantity or "1.00",
            average_price="1.10001",
            state=trading.ORDER_STATE_FILLED,
        )
        order.submit_time.GetCurrentTime()
        fill = trading.Fill(
            fill_id=str(UUID(int=1000 + number)),
            order_id=order.order_id,
            account_id=order.account_id,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            price="1.10001",
            quote_id="7-42",
        )
        summary = trading.AccountSummary(
            account_id=command.account_id, currency="USD", balance="100000.00", equity="99999.00", sequence=number
        )
        return command_pb.OrderOutcome(order=order, fills=[fill], summary=summary)

    def _account(self, account_id: str) -> trading.Account:
        if account_id not in self.owners:
            raise EngineError(
                Kind.NOT_FOUND, "ACCOUNT_UNKNOWN", f"there is no account {account_id}", accountId=account_id
            )
        return trading.Account(account_id=account_id, number=f"D-{account_id[-4:]}", currency="USD", group="standard")

    async def ListAccounts(self, request: Any, context: Any) -> pb.ListAccountsResponse:
        mine = [a for a, (user_id, _) in self.owners.items() if user_id == request.user_id]
        return pb.ListAccountsResponse(accounts=[self._account(a) for a in mine])

    async def GetAccount(self, request: Any, context: Any) -> pb.GetAccountResponse:
        self.asked.append(request)
        account = self._account(request.account_id)
        user_id, tenant = self.owners[request.account_id]
        return pb.GetAccountResponse(account=account, user_id=user_id, tenant=tenant)

    async def GetAccountState(self, request: Any, context: Any) -> pb.GetAccountStateResponse:
        self._account(request.account_id)
        summary = trading.AccountSummary(account_id=request.account_id, balance="100000.00", sequence=17)
        position = trading.Position(position_id=str(UUID(int=5)), account_id=request.account_id, quantity="1.00")
        return pb.GetAccountStateResponse(summary=summary, positions=[position])

    async def GetOrder(self, request: Any, context: Any) -> pb.GetOrderResponse:
        self._account(request.account_id)
        for (account_id, client_order_id), outcome in self.orders.items():
            if account_id == request.account_id and (
                (request.order_id and outcome.order.order_id == request.order_id)
                or (request.client_order_id and client_order_id == request.client_order_id)
            ):
                return pb.GetOrderResponse(order=outcome.order, fills=outcome.fills)
        raise EngineError(Kind.NOT_FOUND, "ORDER_UNKNOWN", "there is no such order")

    async def ListOrders(self, request: Any, context: Any) -> pb.ListOrdersResponse:
        self.asked.append(request)
        return pb.ListOrdersResponse(orders=[trading.Order(order_id="o")], next_cursor="orders-2")

    async def ListFills(self, request: Any, context: Any) -> pb.ListFillsResponse:
        self.asked.append(request)
        return pb.ListFillsResponse(fills=[trading.Fill(fill_id="f")], next_cursor="fills-2")

    async def ListLedgerEntries(self, request: Any, context: Any) -> pb.ListLedgerEntriesResponse:
        self.asked.append(request)
        return pb.ListLedgerEntriesResponse(entries=[trading.LedgerEntry(amount="5.00")], next_cursor="ledger-2")

    async def ListChanges(self, request: Any, context: Any) -> pb.ListChangesResponse:
        self.asked.append(request)
        change = trading.AccountEvent(account_id=request.account_id, sequence=request.since_sequence + 1)
        return pb.ListChangesResponse(changes=[change], last_sequence=9)
