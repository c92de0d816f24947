"""The FIX gateway against the simulated provider, over TCP. The two share no FIX code."""

import asyncio
from decimal import Decimal

import quickfix as fix

from services.fix_gateway.domain.provider import SessionKey, SessionKind
from simulators.lp.codec import Identity, encode
from simulators.lp.framing import frame
from simulators.lp.main import now_us


def simulated_levels(pair, symbol):
    book = pair.simulator._quotes.books[symbol]
    return [points for points, _ in book.levels(0)], [points for points, _ in book.levels(1)]


async def test_quotes_arrive_and_are_the_providers(pair):
    assert pair.state(SessionKind.QUOTE).logged_on
    assert pair.state(SessionKind.TRADE).logged_on

    def agrees(symbol):
        book = pair.books.newest[symbol]
        bids, offers = simulated_levels(pair, symbol)
        return [p for p, _ in book.bids] == bids and [p for p, _ in book.offers] == offers

    for symbol in pair.symbols:
        await pair.until(lambda symbol=symbol: agrees(symbol))
    received = pair.state(SessionKind.QUOTE).received_count
    await pair.until(lambda: pair.state(SessionKind.QUOTE).received_count > received + 50)
    assert pair.state(SessionKind.QUOTE).refused_count == 0


async def test_provider_that_dies_is_withdrawn_at_once_and_quotes_again_when_it_is_back(pair):
    await pair.crash_simulator()
    await pair.until(lambda: not pair.books.quoted(), seconds=1.0)
    assert not pair.state(SessionKind.QUOTE).logged_on
    await pair.start_simulator()
    await pair.until_quoting()
    assert pair.state(SessionKind.QUOTE).logged_on


async def test_provider_that_logs_out_is_withdrawn(pair):
    await pair.stop_simulator()
    await pair.until(lambda: not pair.books.quoted(), seconds=1.0)


async def test_gateway_that_restarts_goes_on_with_its_sequence_numbers(pair):
    sent_before = pair.quote_session.store.next_in
    await pair.stop_gateway()
    await pair.until(lambda: not pair.quote_session.logged_on)
    # The logon and the subscriptions of the first run, and the logout, all counted on both sides.
    assert pair.quote_session.store.next_in > sent_before
    pair.books.newest.clear()
    pair.start_gateway()
    await pair.until_quoting()


async def test_gateway_that_stops_logs_out(pair):
    await pair.stop_gateway()
    await pair.until(lambda: not any(session.connected for session in pair.simulator.sessions))


async def test_garbage_from_the_provider_does_not_end_the_process_and_quotes_come_again(pair):
    link = pair.quote_session._link
    for garbage in (b"\x00\xff\x01garbage\x01", b"8=FIX.4.4\x019=10\x01tooshort", b"8=FIX\x01=\x01", b"\x01" * 500):
        link.write(garbage)
    pair.books.newest.clear()
    await pair.until_quoting()


async def test_garbled_message_leaves_a_gap_that_is_filled_and_books_are_asked_for_again(pair):
    session = pair.quote_session
    sequence = session.store.next_out
    session.store.next_out += 1
    session._link.write(frame(b"35=X\x0134=%d\x01268=1\x01279=1\x01" % sequence)[:-3] + b"99\x01")
    await pair.until(lambda: pair.books.withdrawn)
    pair.books.newest.clear()
    await pair.until_quoting()
    assert pair.state(SessionKind.QUOTE).logged_on


async def test_message_that_does_not_fit_the_dictionary_is_counted_and_books_are_asked_for_again(pair):
    pair.quote_session.send_body(b"X", b"262=r\x01")  # No entries at all.
    await pair.until(lambda: pair.state(SessionKind.QUOTE).refused_count > 0)
    assert "refused" in pair.quarantine.reasons
    pair.books.newest.clear()
    await pair.until_quoting()


async def test_bad_price_withdraws_one_symbol_and_it_is_good_again(pair):
    body = b"268=1\x01279=1\x01269=0\x01278=EURUSD.B1\x0155=EURUSD\x01270=-1.1\x01271=1\x01"
    pair.quote_session.send_body(b"X", body)
    await pair.until(lambda: "EURUSD" in pair.books.withdrawn)
    assert pair.quarantine.reasons == ["bad_price"]
    assert set(pair.books.withdrawn) == {"EURUSD"}
    await pair.until_quoting()


async def test_crossed_book_is_withdrawn_until_the_next_good_price(pair):
    body = b"268=1\x01279=1\x01269=0\x01278=EURUSD.B1\x0155=EURUSD\x01270=99.0\x01271=100000\x01"
    pair.quote_session.send_body(b"X", body)
    await pair.until(lambda: "EURUSD" in pair.books.withdrawn)
    await pair.until_quoting()


async def test_symbol_that_the_provider_does_not_have_is_counted_and_the_others_quote(new_pair):
    async with new_pair(units=[("EURUSD", 5, Decimal(100_000)), ("NOSUCH", 2, Decimal(1))]) as pair:
        await pair.start_simulator()
        pair.start_gateway()
        await pair.until(lambda: pair.books.quoted() == {"EURUSD"} and pair.quarantine.reasons)
        assert "NOSUCH" in pair.quarantine.reasons[0]


async def test_report_that_was_missed_while_away_comes_after_the_logon(pair):
    await pair.stop_gateway()
    await pair.until(lambda: not pair.trade_session.logged_on)
    body = [(37, "o"), (11, "c"), (17, "e"), (150, "F"), (39, "2"), (55, "EURUSD"), (54, "1"), (38, "1"), (151, "0")]
    pair.trade_session.send("8", [*body, (14, "1"), (6, "1.1"), (32, "1"), (31, "1.1")])
    pair.start_gateway()
    # No order is sent in this release, so the report is for a person to look at; but it has arrived, once.
    await pair.until(lambda: pair.quarantine.reasons == ["unexpected_message"])
    assert pair.state(SessionKind.TRADE).received_count == 1


async def test_order_is_not_sent_again_when_the_provider_asks_for_a_resend(pair, monkeypatch):
    order = fix.Message()
    order.getHeader().setField(35, "D")
    for tag, value in {11: f"c{pair.trade_session.store.next_in}", 55: "EURUSD", 54: "1", 38: "1000", 40: "1"}.items():
        order.setField(tag, value)
    order.setField(60, "20261123-00:18:28.000")
    pair.sessions.send(SessionKey(pair.name, SessionKind.TRADE), order)
    # New and filled.
    await pair.until(lambda: pair.state(SessionKind.TRADE).received_count == 2)
    seen = []
    taken = pair.trade_session._application.on_message

    def spy(session, message):
        seen.append(message.type)
        return taken(session, message)

    monkeypatch.setattr(type(pair.trade_session._application), "on_message", lambda _, s, m: spy(s, m))
    expected = pair.trade_session.store.next_in
    pair.trade_session.store.next_in = 1
    pair.trade_session.send("2", [(7, 1), (16, 0)], keep=False)
    await pair.until(lambda: pair.trade_session.store.next_in >= expected)
    assert seen == []


async def test_a_second_connection_of_the_same_session_is_refused(pair):
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
    writer.write(encode(Identity("TRADELOOM", pair.name.upper(), "QUOTE"), "A", 1, now_us(), [(98, 0), (108, 30)]))
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    assert pair.quote_session.logged_on
