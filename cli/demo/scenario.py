"""The demo from beginning to end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cli.demo.doors import RestOrders, StreamOrders
from cli.demo.feed import Feed
from cli.demo.figures import Terms
from cli.demo.recount import BUY, SELL
from cli.demo.refusals import Refusals
from cli.demo.reply import PATIENCE_S, Json, Reply, Wrong, patiently
from cli.demo.report import Report
from cli.demo.rest import RestClient
from cli.demo.rpc import GrpcOrders, GrpcWebOrders
from cli.demo.trader import Trader
from services.kernel.clock import utc_now

SYMBOLS = ["EURUSD", "USDJPY", "XAUUSD", "US500", "BTCUSD"]
FIRST_ANSWER_S = 5.0
_TICKS_WANTED = 3
# Margin and profit of these come to the account's currency by one quote at most: what a recount can retrace.
_NETTED = ("EURUSD", "XAUUSD", "US500", "BTCUSD")
_QUOTE_AGE_MAX = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where the demo goes, and as whom."""

    gateway: str
    username: str
    password: str
    someone_else: str
    stream: str = ""


def play(visitor: Visitor, report: Report) -> None:
    """Plays it all."""
    rest = RestClient(visitor.gateway)
    _arrive(visitor, rest, report)
    terms = _instruments(rest, report)
    accounts = report.good("accounts", rest.get("/v1/accounts")).body["accounts"]
    hedging, netting = _one(accounts, "HEDGING"), _one(accounts, "NETTING")
    _quotes(rest, report)
    tickets = RestClient(visitor.gateway)
    tickets.token = rest.token
    with Feed(_ticket(tickets, visitor.stream), list(terms), [hedging["account_id"], netting["account_id"]]) as feed:
        _live(feed, report)
        first = Trader(hedging, rest, feed, terms, report)
        second = Trader(netting, rest, feed, terms, report)
        _trade_over_rest(first, rest, report)
        _trade_netting(second, rest, report)
        _trade_over_grpc(first, visitor.gateway, rest, report)
        report.title("What must not work")
        Refusals(rest, first, report, visitor.someone_else).run()
        report.title("The books")
        for trader in (first, second):
            trader.check_recorded_once()
            trader.check_mirror()
        for refusal in feed.refusals:
            report.check(False, f"the WebSocket refused {refusal}")


def _arrive(visitor: Visitor, rest: RestClient, report: Report) -> None:
    report.title("Logging in")
    reply = patiently(lambda: rest.send("GET", "/v1/time"), FIRST_ANSWER_S)
    report.good("time", reply)
    off = abs(_moment(reply.body["time"]) - utc_now())
    report.check(
        off < timedelta(seconds=2), f"the server's clock agrees within {off.total_seconds() * 1000:.0f} ms", reply.ms
    )
    wrong = rest.post("/v1/auth/login", {"username": visitor.username, "password": "not the password"})
    refused = wrong.http_status == 401 and wrong.reason == "CREDENTIALS_INVALID"
    report.check(refused, f"a wrong password: {wrong.http_status} {wrong.reason}", wrong.ms)
    reply = rest.post("/v1/auth/login", {"username": visitor.username, "password": visitor.password})
    report.good("login", reply)
    rest.token = reply.body["tokens"]["access_token"]
    report.did(f"logged in as {visitor.username}", reply.ms, reply.attempts)


def _instruments(rest: RestClient, report: Report) -> dict[str, Terms]:
    report.title("The market")
    reply = report.good("instruments", rest.get("/v1/instruments"))
    terms = {each["symbol"]: Terms.of(each) for each in reply.body["instruments"]}
    missing = [symbol for symbol in SYMBOLS if symbol not in terms]
    report.check(not missing, f"{len(terms)} instruments: {', '.join(terms)}", reply.ms)
    if missing:
        raise Wrong(f"{missing} can't be traded")
    return terms


def _quotes(rest: RestClient, report: Report) -> None:
    """Asks until all are quoted: after a restart of a provider's session that takes a moment."""

    def ask() -> Reply:
        reply = rest.get("/v1/quotes", symbols=SYMBOLS)
        quoted = reply.ok and all(quote.get("bid") and quote.get("ask") for quote in reply.body["quotes"])
        return reply if quoted or not reply.ok else Reply("UNAVAILABLE", "NOT_QUOTED", "a symbol has no quote")

    reply = report.good("quotes", patiently(ask, PATIENCE_S))
    for quote in reply.body["quotes"]:
        age = utc_now() - _moment(quote["provider_time"])
        told = f"{quote['symbol']:7} {quote['bid']} / {quote['ask']}"
        fresh = age < _QUOTE_AGE_MAX and Decimal(quote["bid"]) <= Decimal(quote["ask"])
        report.check(fresh, f"{told}, {age.total_seconds() * 1000:.0f} ms old", reply.ms)


def _live(feed: Feed, report: Report) -> None:
    report.title("Live, over the WebSocket")
    told = feed.wait_for(lambda: all(mirror.sequence is not None for mirror in feed.mirrors.values()), PATIENCE_S)
    report.check(told, f"connected with a one-time ticket; a snapshot of each of {len(feed.mirrors)} accounts")
    moving = feed.wait_for(lambda: all(feed.quotes.count.get(s, 0) >= _TICKS_WANTED for s in SYMBOLS), PATIENCE_S)
    report.check(moving, "quotes move: " + ", ".join(f"{s} {feed.quotes.count.get(s, 0)}" for s in SYMBOLS))
    if not told or not moving:
        raise Wrong("the WebSocket stays silent" + "".join(f"; {refusal}" for refusal in feed.refusals))


def _trade_over_rest(trader: Trader, rest: RestClient, report: Report) -> None:
    report.title(f"Trading over REST on {trader.name}")
    door = RestOrders(rest)
    for symbol, side, lots in (("EURUSD", BUY, "0.10"), ("USDJPY", SELL, "0.20")):
        opened = trader.open_trade(door, "REST", symbol, side, lots)
        trader.check_replay(door, "REST", opened)
        trader.close_trade(door, "REST", opened)


def _trade_netting(trader: Trader, rest: RestClient, report: Report) -> None:
    report.title(f"Netting on {trader.name}")
    door = RestOrders(rest)
    taken = {position["symbol"] for position in trader.read("positions")["positions"]}
    free = [symbol for symbol in _NETTED if symbol not in taken]
    if not free:
        raise Wrong(f"{trader.name} has a position in every symbol that the demo would trade")
    opened = trader.open_trade(door, "REST", free[0], BUY, "0.05")
    trader.reverse_trade(door, "REST", opened)


def _trade_over_grpc(trader: Trader, gateway: str, rest: RestClient, report: Report) -> None:
    report.title(f"The same over gRPC and gRPC-Web on {trader.name}")
    grpc_orders, web = GrpcOrders(gateway, rest.token), GrpcWebOrders(gateway, rest.token)
    try:
        gold = trader.open_trade(grpc_orders, "gRPC", "XAUUSD", BUY, "0.02")
        trader.check_replay(web, "gRPC-Web", gold)
        trader.close_trade(grpc_orders, "gRPC", gold)
        coin = trader.open_trade(web, "gRPC-Web", "BTCUSD", SELL, "0.03")
        trader.check_replay(RestOrders(rest), "REST", coin)
        trader.close_trade(web, "gRPC-Web", coin)
        stream = StreamOrders(grpc_orders)
        index = trader.open_trade(stream, "gRPC stream", "US500", BUY, "1.00")
        trader.check_replay(stream, "gRPC stream", index)
        trader.close_trade(stream, "gRPC stream", index)
    finally:
        grpc_orders.close()


def _ticket(rest: RestClient, stream: str) -> Callable[[], tuple[str, str]]:
    def ask() -> tuple[str, str]:
        reply = rest.post("/v1/stream/tickets", {})
        if not reply.ok:
            raise OSError(f"no ticket: {reply}")
        return reply.body["ticket"], stream or reply.body["url"]

    return ask


def _one(accounts: list[Json], mode: str) -> Json:
    for account in accounts:
        if account["position_mode"] == f"POSITION_MODE_{mode}":
            return account
    raise Wrong(f"the user has no {mode.lower()} account")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
