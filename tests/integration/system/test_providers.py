"""Providers that send garbage or fall silent: their prices are out of the book at once, and no stale one is filled."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGCONT, SIGKILL, SIGSTOP

import grpc
import pytest
from tradeloom.fix_gateway.v1 import provider_service_pb2 as fix
from tradeloom.fix_gateway.v1 import provider_service_pb2_grpc as fix_rpc

from cli.demo.doors import RestOrders
from cli.demo.reply import Json
from local.demo_users import USERS
from local.ports import PROVIDERS
from tests.integration.system.impostor import Impostor
from tests.integration.system.running import SYMBOLS, RunningSystem, until
from tests.integration.system.traffic import Traffic
from tests.integration.system.witness import AGE_MAX, QuoteWitness

ACCOUNT = USERS[0].accounts[0].account_id
OTHERS = {"bravo", "charlie"}
# "At once" is one message; the rest is for a busy machine.
AT_ONCE_S = 2.0
# lp_manager is told by `tradeloom up` to do without a provider after 3 s of silence; the rest is as above.
SILENT_S = 3.0 + AT_ONCE_S


@contextmanager
def stopped(system: RunningSystem, *names: str) -> Iterator[None]:
    """Processes that hang: they are there, their connections stand, and nothing comes."""
    for name in names:
        system.send(name, SIGSTOP)
    try:
        yield
    finally:
        for name in names:
            system.send(name, SIGCONT)


def submit(system: RunningSystem) -> Json:
    """One market order, and what became of it."""
    key = f"silent-{time.time_ns()}"
    order = {"account_id": ACCOUNT, "client_order_id": key, "symbol": "EURUSD", "side": "SIDE_BUY"}
    reply = RestOrders(system.rest()).submit({**order, "type": "ORDER_TYPE_MARKET", "quantity": "0.01"})
    assert reply.ok, reply
    if reply.body["fills"]:
        position_id = reply.body["fills"][0]["position_id"]
        closing = {"account_id": ACCOUNT, "position_id": position_id, "client_order_id": key + "-close"}
        assert RestOrders(system.rest()).close_position(closing).ok
    return reply.body


def is_refused(answer: Json) -> bool:
    """Whether there was no price; whoever was filled got one."""
    if answer["order"]["state"] == "ORDER_STATE_FILLED":
        return False
    assert answer["order"]["reject_reason"] == "REJECT_REASON_PRICE_UNAVAILABLE"
    assert answer["fills"] == []
    return True


@pytest.mark.parametrize("names", [tuple(PROVIDERS), ("fix_gateway",), ("lp_manager",)], ids=", ".join)
def test_silence_makes_orders_be_rejected_and_never_filled_at_a_stale_price(
    system: RunningSystem, names: tuple[str, ...]
) -> None:
    with QuoteWitness(system) as witness:
        assert not is_refused(submit(system))
        with stopped(system, *names):
            until(lambda: is_refused(submit(system)), SILENT_S, "orders to be refused")
            before = system.rows("SELECT count(*) FROM fill")
            assert all(is_refused(submit(system)) for _ in range(5))
            assert system.rows("SELECT count(*) FROM fill") == before
        until(lambda: not is_refused(submit(system)), 30, "orders to be filled again")
        system.until_quoted_by_all()
    witness.assert_no_fill_was_stale()
    system.assert_books_are_right()


def test_quotes_without_a_price_are_shown_as_such_while_providers_are_silent(system: RunningSystem) -> None:
    rest = system.rest()

    def quoted() -> set[str]:
        quotes = rest.get("/v1/quotes", symbols=SYMBOLS).body["quotes"]
        return {quote["symbol"] for quote in quotes if quote.get("bid") or quote.get("ask")}

    with stopped(system, *PROVIDERS):
        until(lambda: quoted() == set(), SILENT_S, "the prices to go")
    until(lambda: quoted() == set(SYMBOLS), 30, "the prices to come back")


def test_hung_services_do_not_fill_at_the_prices_of_before_when_they_wake_up(system: RunningSystem) -> None:
    with QuoteWitness(system) as witness, Traffic(system) as traffic:
        traffic.until_filled()
        with stopped(system, "bbook", "oms"):
            asleep = time.monotonic()
            # What they held when they fell asleep is too old by the time they wake up.
            until(lambda: time.monotonic() > asleep + AGE_MAX.total_seconds() + 1, 30, "quotes to become stale")
        traffic.until_filled()
        traffic.stop()
    traffic.assert_kept()
    witness.assert_no_fill_was_stale()


def test_garbage_takes_a_provider_out_of_the_book_and_the_others_go_on(system: RunningSystem) -> None:
    killed = system.send("alpha", SIGKILL)
    with Impostor(system, "alpha") as impostor, Traffic(system) as traffic:
        system.until_quoted_by_all()
        refused = refused_count(system, "alpha")
        for price in (b"-1.1", b"NaN", b"", b"1e5", b"0"):
            impostor.send_garbage(price)
            until_only_others_quote(system, AT_ONCE_S + SILENT_S)
            impostor.mend()
            system.until_quoted_by_all()
        assert refused_count(system, "alpha") > refused
        impostor.send_noise()
        traffic.until_filled()
        system.until_quoted_by_all()
        traffic.stop()
    traffic.assert_kept()
    rejected = [answer for client in traffic.clients for answer in client.answers.values() if not answer["fills"]]
    assert rejected == []
    system.until_back("alpha", killed)
    system.until_quoted_by_all()


def test_provider_that_disconnects_leaves_the_book_at_once_and_its_sessions_recover(system: RunningSystem) -> None:
    killed = system.send("alpha", SIGKILL)
    with Impostor(system, "alpha"):
        system.until_quoted_by_all()
    # The impostor is gone, and the real one waits longer after each try in vain.
    until_only_others_quote(system, AT_ONCE_S)
    assert is_logged_out(system, "alpha")
    system.until_back("alpha", killed)
    system.until_quoted_by_all()
    until(lambda: all(s.logged_on for s in sessions(system, "alpha")), 30, "both sessions of alpha to be up")


def until_only_others_quote(system: RunningSystem, seconds: float) -> None:
    """Waits until the first provider has left the book of every symbol; the others must not leave at all."""

    def others(symbol: str) -> bool:
        quoting = system.providers_of(symbol)
        assert quoting >= OTHERS
        return quoting == OTHERS

    until(lambda: all(others(symbol) for symbol in SYMBOLS), seconds, "alpha to leave the book")


def sessions(system: RunningSystem, provider: str) -> list[fix.Session]:
    """The FIX sessions of a provider."""
    with grpc.insecure_channel(system.ports.address("fix_gateway")) as channel:
        listed = fix_rpc.ProviderServiceStub(channel).ListSessions(fix.ListSessionsRequest(), timeout=5)
    return [session for session in listed.sessions if session.provider == provider]


def refused_count(system: RunningSystem, provider: str) -> int:
    """How many messages of a provider could not be used."""
    return sum(session.refused_count for session in sessions(system, provider))


def is_logged_out(system: RunningSystem, provider: str) -> bool:
    """Whether its sessions are down."""
    return not any(session.logged_on for session in sessions(system, provider))
