"""Orders and their execution reports."""

from decimal import Decimal

import pytest

from simulators.lp.book import Book
from simulators.lp.codec import stamp
from simulators.lp.instruments import INSTRUMENTS
from simulators.lp.market import Top
from simulators.lp.orders import Orders
from simulators.lp.script import Rule, Script


class Timers:
    """Runs what was put off when told to."""

    def __init__(self):
        self.waiting = []

    def __call__(self, delay_s, do):
        self.waiting.append(do)

    def run(self):
        waiting, self.waiting = self.waiting, []
        for do in waiting:
            do()


class Venue:
    """A trade session, with a book of EURUSD that has 10,000 at 1.08008 and 20,000 a little higher."""

    def __init__(self, new_peer, *rules):
        self.book = Book(INSTRUMENTS["EURUSD"])
        self.book.update(Top(108_000, 108_008, 1_000_000, 1_000_000))
        self.later = Timers()
        books = {"EURUSD": self.book, "GBPUSD": Book(INSTRUMENTS["GBPUSD"])}
        self.orders = Orders(books, Script(list(rules)), self.later, lambda: 1_800_000_000_000_000, "A1")
        self.peer = new_peer(self.orders, sub="TRADE")
        self.peer.log_on()

    def order(self, client_order_id="c1", quantity="1000", **more):
        fields = {55: "EURUSD", 54: "1", 40: "1", **more.pop("fields", {})}
        body = [(11, client_order_id), (38, quantity), (60, stamp(self.peer.clock.now_us)), *fields.items()]
        return self.peer.send("D", *body)

    def late_reports(self):
        self.later.run()
        return self.peer.link.take()


@pytest.fixture
def venue(new_peer):
    return Venue(new_peer)


@pytest.fixture
def scripted(new_peer):
    return lambda *rules: Venue(new_peer, *rules)


def kinds(reports):
    return [(report.get(150), report.get(39)) for report in reports]


def test_market_buy_is_acknowledged_and_filled_at_the_offer(venue):
    new, fill = venue.order()
    assert kinds([new, fill]) == [("0", "0"), ("F", "2")]
    assert [fill.get(tag) for tag in (32, 31, 14, 151, 6, 11)] == ["1000", "1.08008", "1000", "0", "1.08008", "c1"]
    assert new.get(17) != fill.get(17)
    assert new.get(37) == fill.get(37)


def test_market_sell_is_filled_at_the_bid(venue):
    _, fill = venue.order(fields={54: "2"})
    assert fill.get(31) == "1.08000"


def test_large_order_takes_level_after_level(venue):
    reports = venue.order(quantity="25000")
    assert kinds(reports) == [("0", "0"), ("F", "1"), ("F", "2")]
    assert [(r.get(32), r.get(31)) for r in reports[1:]] == [("10000", "1.08008"), ("15000", "1.08010")]
    assert Decimal(reports[2].get(6)) == Decimal("1.080092")
    for report in reports[1:]:
        assert Decimal(report.get(14)) + Decimal(report.get(151)) == 25000


def test_market_order_beyond_the_book_is_cancelled_for_the_rest(venue):
    *_, last = venue.order(quantity="1000000")
    assert (last.get(150), last.get(39), last.get(151), last.get(14)) == ("4", "4", "0", "150000")


def test_limit_order_rests_until_the_market_comes(venue):
    assert kinds(venue.order(fields={40: "2", 44: "1.07990"})) == [("0", "0")]
    venue.book.update(Top(107_980, 107_988, 1_000_000, 1_000_000))
    venue.orders.on_quotes(["GBPUSD"])
    assert venue.peer.link.take() == []
    venue.orders.on_quotes(["EURUSD"])
    (fill,) = venue.peer.link.take()
    assert (fill.get(150), fill.get(31)) == ("F", "1.07988")


def test_limit_order_ioc_is_cancelled_at_once(venue):
    assert kinds(venue.order(fields={40: "2", 44: "1.07990", 59: "3"})) == [("0", "0"), ("4", "4")]


def test_fill_or_kill_fills_whole_or_not_at_all(venue):
    limit = {40: "2", 44: "1.08008", 59: "4"}
    assert kinds(venue.order(quantity="10001", fields=limit)) == [("0", "0"), ("4", "4")]
    assert kinds(venue.order("c2", quantity="10000", fields=limit)) == [("0", "0"), ("F", "2")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({55: "XYZ"}, "1"),
        ({55: "GBPUSD"}, "99"),
        ({38: "0"}, "13"),
        ({38: "-5"}, "13"),
        ({40: "3"}, "11"),
        ({54: "8"}, "11"),
    ],
)
def test_bad_order_is_rejected_with_its_reason(venue, fields, reason):
    (report,) = venue.order(quantity=fields.pop(38, "1000"), fields=fields)
    assert (report.get(150), report.get(39), report.get(103)) == ("8", "8", reason)


def test_order_with_a_quantity_that_is_no_number_is_a_session_reject(venue):
    (reject,) = venue.order(quantity="NaN")
    assert (reject.type, reject.get(371), reject.get(373)) == ("3", "38", "6")


def test_client_order_id_is_used_once(venue):
    venue.order()
    (report,) = venue.order()
    assert (report.get(150), report.get(103)) == ("8", "6")


def test_working_order_can_be_cancelled_once(venue):
    venue.order(fields={40: "2", 44: "1.07"})
    (cancelled,) = venue.peer.send("F", (41, "c1"), (11, "x1"), (55, "EURUSD"), (54, "1"))
    assert [cancelled.get(tag) for tag in (150, 39, 11, 41)] == ["4", "4", "x1", "c1"]
    (refused,) = venue.peer.send("F", (41, "c1"), (11, "x2"), (55, "EURUSD"), (54, "1"))
    assert [refused.get(tag) for tag in (35, 102, 434)] == ["9", "0", "1"]


def test_cancel_of_an_unknown_order_is_refused(venue):
    (refused,) = venue.peer.send("F", (41, "nope"), (11, "x1"), (55, "EURUSD"), (54, "1"))
    assert [refused.get(tag) for tag in (35, 37, 39, 102)] == ["9", "NONE", "8", "1"]


def test_status_says_how_an_order_stands_or_that_it_is_unknown(venue):
    venue.order()
    (status,) = venue.peer.send("H", (11, "c1"), (55, "EURUSD"), (54, "1"))
    assert [status.get(tag) for tag in (150, 39, 14, 17)] == ["I", "2", "1000", "0"]
    (unknown,) = venue.peer.send("H", (11, "c9"), (55, "EURUSD"), (54, "1"))
    assert [unknown.get(tag) for tag in (150, 39, 37, 103)] == ["I", "8", "NONE", "5"]


def test_mass_status_gives_all_orders_and_marks_the_last(venue):
    venue.order()
    venue.order("c2")
    reports = venue.peer.send("AF", (584, "m"), (585, 7))
    assert [(r.get(11), r.get(584), r.get(911), r.get(912)) for r in reports] == [
        ("c1", "m", "2", "N"),
        ("c2", "m", "2", "Y"),
    ]


def test_mass_status_without_orders_says_so(venue):
    (report,) = venue.peer.send("AF", (584, "m"), (585, 7))
    assert (report.get(39), report.get(103), report.get(912)) == ("8", "5", "Y")


def test_script_rejects(scripted):
    (report,) = scripted(Rule("reject", reason=3, text="limit")).order()
    assert (report.get(39), report.get(103), report.get(58)) == ("8", "3", "limit")


def test_script_fills_in_parts(scripted):
    venue = scripted(Rule("partial", parts=(Decimal("0.3"), Decimal("0.7")), delay_ms=10))
    assert kinds(venue.order()) == [("0", "0"), ("F", "1")]
    (rest,) = venue.late_reports()
    assert (rest.get(39), rest.get(32), rest.get(14)) == ("2", "700.00", "1000")


def test_script_delays_everything(scripted):
    venue = scripted(Rule("delay", delay_ms=50))
    assert venue.order() == []
    assert kinds(venue.late_reports()) == [("0", "0"), ("F", "2")]


def test_script_sends_a_fill_twice_with_the_same_id(scripted):
    _, one, two = scripted(Rule("duplicate")).order()
    assert one.get(17) == two.get(17)
    assert one.get(14) == two.get(14) == "1000"


def test_script_swallows_the_fill_but_status_knows_it(scripted):
    venue = scripted(Rule("swallow"))
    assert kinds(venue.order()) == [("0", "0")]
    (status,) = venue.peer.send("H", (11, "c1"), (55, "EURUSD"), (54, "1"))
    assert status.get(39) == "2"


def test_script_fills_late_even_what_was_cancelled(scripted):
    venue = scripted(Rule("late", delay_ms=50))
    assert kinds(venue.order()) == [("0", "0")]
    assert kinds(venue.peer.send("F", (41, "c1"), (11, "x1"), (55, "EURUSD"), (54, "1"))) == [("4", "4")]
    assert kinds(venue.late_reports()) == [("F", "2")]


def test_script_disconnects_after_the_acknowledgement_and_the_fill_comes_by_resend(scripted):
    venue = scripted(Rule("disconnect"))
    assert kinds(venue.order()) == [("0", "0")]
    assert venue.peer.link.closed
    (logon,) = venue.peer.log_on()
    assert logon.get(34) == "4"
    (fill,) = venue.peer.send("2", (7, 3), (16, 3))
    assert (fill.get(150), fill.get(43), fill.get(34)) == ("F", "Y", "3")
