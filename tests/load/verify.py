"""The proof at the end: nothing acknowledged is lost, nothing is there twice, positions are what was filled."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import grpc
from tradeloom.client.v1 import trading_pb2
from tradeloom.oms.v1 import query_service_pb2 as pb
from tradeloom.oms.v1 import query_service_pb2_grpc as rpc

from tests.load.orders import SYMBOL, Orders
from tests.load.system import System
from tests.load.tally import Outcome, Tally

_PAGE = 1_000
_CALL_S = 30.0
_AT_ONCE = 4

Positions = dict[str, Decimal]


@dataclass
class Verdict:
    """What was compared and what was wrong."""

    acknowledged: int = 0
    recorded: int = 0
    # Recorded although no answer, or an unknown outcome, came back: allowed, and counted.
    unacknowledged: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = f"{self.acknowledged} orders acknowledged, {self.recorded} on record"
        extra = f", {self.unacknowledged} of them without an answer" if self.unacknowledged else ""
        return told + extra + ("; nothing lost, nothing doubled" if not self.faults else "; WRONG")


async def positions(system: System, account_ids: tuple[str, ...]) -> Positions:
    """The signed quantity of each account's position."""
    async with grpc.aio.insecure_channel(system.ports.address("oms")) as channel:
        queries, room = rpc.QueryServiceStub(channel), asyncio.Semaphore(_AT_ONCE)

        async def one(account_id: str) -> Decimal:
            async with room:
                request = pb.GetAccountStateRequest(account_id=account_id)
                answer = await queries.GetAccountState(request, timeout=_CALL_S)
            return sum((_signed(p.side, p.quantity) for p in answer.positions if p.symbol == SYMBOL), Decimal(0))

        return dict(zip(account_ids, await asyncio.gather(*map(one, account_ids)), strict=True))


async def verify(system: System, orders: Orders, tally: Tally, before: Positions) -> Verdict:
    """Compares the books with what was answered."""
    recorded: dict[int, list[trading_pb2.Order]] = defaultdict(list)
    async with grpc.aio.insecure_channel(system.ports.address("oms")) as channel:
        queries, room = rpc.QueryServiceStub(channel), asyncio.Semaphore(_AT_ONCE)

        async def read(account_id: str) -> None:
            async with room:
                await _read_orders(queries, account_id, orders, recorded)

        await asyncio.gather(*map(read, orders.account_ids))
    verdict = compare(orders, tally, recorded)
    _compare_positions(verdict, recorded, before, await positions(system, orders.account_ids))
    return verdict


async def _read_orders(
    queries: "rpc.QueryServiceAsyncStub", account_id: str, orders: Orders, recorded: dict[int, list[trading_pb2.Order]]
) -> None:
    """Reads the newest orders, until a page holds none of this run."""
    cursor = ""
    while True:
        request = pb.ListOrdersRequest(account_id=account_id, limit=_PAGE, cursor=cursor)
        page = await queries.ListOrders(request, timeout=_CALL_S)
        mine = [(orders.number(order.client_order_id), order) for order in page.orders]
        for number, order in mine:
            if number is not None:
                recorded[number].append(order)
        cursor = page.next_cursor
        if not cursor or all(number is None for number, _ in mine):
            return


def compare(orders: Orders, tally: Tally, recorded: dict[int, list[trading_pb2.Order]]) -> Verdict:
    """Each acknowledged order is on record once, in the state that the answer said; what was refused is not."""
    states = {Outcome.FILLED: trading_pb2.ORDER_STATE_FILLED, Outcome.REJECTED: trading_pb2.ORDER_STATE_REJECTED}
    verdict = Verdict(recorded=sum(map(len, recorded.values())))
    wrong: Counter[str] = Counter()
    for number in range(tally.sent):
        found, outcome = recorded.get(number, []), Outcome(tally.outcomes[number])
        if len(found) > 1:
            wrong["on record more than once"] += 1
        if outcome in states:
            verdict.acknowledged += 1
            if not found:
                wrong["acknowledged but not on record"] += 1
            elif found[0].state != states[outcome] or found[0].account_id != orders.account_id(number):
                wrong["on record otherwise than acknowledged"] += 1
        elif outcome is Outcome.REFUSED and found:
            wrong["refused but on record"] += 1
        elif found:
            verdict.unacknowledged += 1
    if any(number >= tally.sent for number in recorded):
        wrong["on record but never sent"] += 1
    verdict.faults = [f"{count} {what}" for what, count in wrong.items()]
    return verdict


def _compare_positions(
    verdict: Verdict, recorded: dict[int, list[trading_pb2.Order]], before: Positions, after: Positions
) -> None:
    expected = dict(before)
    for found in recorded.values():
        for order in found:
            expected[order.account_id] += _signed(order.side, order.filled_quantity)
    wrong = [account_id for account_id, quantity in expected.items() if after[account_id] != quantity]
    for account_id in wrong[:5]:
        verdict.faults.append(f"position of {account_id} is {after[account_id]}, should be {expected[account_id]}")
    if len(wrong) > 5:
        verdict.faults.append(f"and {len(wrong) - 5} more positions")


def _signed(side: int, quantity: str) -> Decimal:
    amount = Decimal(quantity)
    return amount if side == trading_pb2.SIDE_BUY else -amount
