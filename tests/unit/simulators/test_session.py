"""The session rules, from the other end."""

import pytest

from simulators.lp.codec import Message, encode, moment_us, stamp
from simulators.lp.store import MemoryStore


def types(messages):
    return [message.type for message in messages]


def test_logon_is_answered_with_the_same_heartbeat(peer):
    (answer,) = peer.log_on(heartbeat_s=17)
    assert answer.type == "A"
    assert (answer.get(108), answer.get(34), answer.get(49), answer.get(56), answer.get(50)) == (
        "17",
        "1",
        "ALPHA",
        "TRADELOOM",
        "QUOTE",
    )
    assert peer.application.up


def test_logon_with_reset_flag_starts_both_numbers_again(peer):
    peer.store.next_out, peer.store.next_in = 40, 50
    (answer,) = peer.log_on((141, "Y"), sequence=1)
    assert (answer.get(141), answer.get(34)) == ("Y", "1")
    assert (peer.store.next_out, peer.store.next_in) == (2, 2)


def test_logon_with_reset_flag_and_another_number_than_one_is_refused(peer):
    peer.store.next_in = 5
    answers = peer.log_on((141, "Y"), sequence=5)
    assert types(answers) == ["5"]
    assert peer.link.closed
    assert not peer.application.up


def test_logon_too_low_is_refused_with_the_numbers(peer):
    peer.store.next_in = 9
    (answer,) = peer.log_on(sequence=3)
    assert answer.type == "5"
    assert "expecting 9 but received 3" in answer.get(58)
    assert peer.link.closed


def test_logon_too_high_is_answered_and_the_gap_asked_for(peer):
    peer.store.next_in = 2
    answers = peer.log_on(sequence=6)
    assert types(answers) == ["A", "2"]
    assert (answers[1].get(7), answers[1].get(16)) == ("2", "0")
    assert peer.store.next_in == 2


def test_anything_before_the_logon_disconnects(peer):
    peer.session.accept(peer.link, peer.make("0"))
    assert peer.link.closed
    assert peer.link.take() == []


def test_test_request_is_answered_with_its_id(peer):
    peer.log_on()
    (answer,) = peer.send("1", (112, "are you there"))
    assert (answer.type, answer.get(112)) == ("0", "are you there")


def test_application_message_in_order_is_taken_once(peer):
    peer.log_on()
    assert peer.send("D", (11, "a")) == []
    assert [m.get(11) for m in peer.application.messages] == ["a"]
    assert peer.store.next_in == 3


def test_unsupported_message_gets_a_business_reject(peer):
    peer.log_on()
    (answer,) = peer.send("R", (131, "q"))
    assert (answer.type, answer.get(45), answer.get(372), answer.get(380)) == ("j", "2", "R", "3")


def test_message_too_high_asks_for_a_resend_once_until_the_gap_is_closed(peer):
    peer.log_on()
    assert types(peer.send("D", (11, "c"), sequence=4)) == ["2"]
    assert peer.send("D", (11, "d"), sequence=5) == []
    assert peer.application.messages == []
    peer.send("4", (123, "Y"), (36, 4), sequence=2, header=[(43, "Y")])
    peer.send("D", (11, "c"), sequence=4, header=[(43, "Y"), (122, stamp(peer.clock.now_us))])
    assert [m.get(11) for m in peer.application.messages] == ["c"]
    assert types(peer.send("D", (11, "f"), sequence=7)) == ["2"]


def test_message_too_low_logs_out_and_disconnects(peer):
    peer.log_on()
    (answer,) = peer.send("0", sequence=1)
    assert answer.type == "5"
    assert "expecting 2 but received 1" in answer.get(58)
    assert peer.link.closed
    assert not peer.application.up


def test_possible_duplicate_too_low_is_ignored(peer):
    peer.log_on()
    peer.send("D", (11, "a"))
    assert peer.send("D", (11, "a"), sequence=2, header=[(43, "Y"), (122, stamp(peer.clock.now_us))]) == []
    assert len(peer.application.messages) == 1
    assert not peer.link.closed


def test_possible_duplicate_without_its_first_time_is_rejected(peer):
    peer.log_on()
    peer.send("D", (11, "a"))
    (answer,) = peer.send("D", (11, "a"), sequence=2, header=[(43, "Y")])
    assert (answer.type, answer.get(371), answer.get(373)) == ("3", "122", "1")


def test_message_without_number_logs_out(peer):
    peer.log_on()
    peer.session.receive(Message(b"8=FIX.4.4\x019=5\x0135=0\x0110=000\x01"))
    assert types(peer.link.take()) == ["5"]
    assert peer.link.closed


def test_wrong_comp_id_is_rejected_and_logged_out(peer):
    peer.log_on()
    peer.identity = type(peer.identity)("SOMEBODY", "ALPHA", "QUOTE")
    answers = peer.send("0")
    assert types(answers) == ["3", "5"]
    assert answers[0].get(373) == "9"
    assert peer.link.closed


def test_sending_time_far_off_is_rejected_and_logged_out(peer):
    peer.log_on()
    answers = peer.send("0", sent_us=peer.clock.now_us - 121_000_000)
    assert types(answers) == ["3", "5"]
    assert answers[0].get(373) == "10"


def test_missing_field_is_rejected_and_the_session_lives(peer):
    peer.log_on()
    (answer,) = peer.send("1")
    assert (answer.type, answer.get(45), answer.get(371), answer.get(373)) == ("3", "2", "112", "1")
    assert not peer.link.closed
    assert types(peer.send("1", (112, "x"))) == ["0"]


def test_resend_gives_kept_messages_again_and_fills_the_rest(peer):
    peer.log_on()
    peer.session.send("0", [], keep=False)
    peer.session.send("8", [(17, "e1")])
    peer.session.send_body(b"X", b"268=0\x01")
    peer.session.send("8", [(17, "e2")])
    first = peer.link.take()[1]
    peer.clock.pass_s(3)
    answers = peer.send("2", (7, 1), (16, 0))
    assert [(m.type, m.get(34), m.get(36), m.get(17)) for m in answers] == [
        ("4", "1", "3", None),
        ("8", "3", None, "e1"),
        ("4", "4", "5", None),
        ("8", "5", None, "e2"),
    ]
    assert all(m.get(43) == "Y" for m in answers)
    assert answers[1].get(122) == first.get(52)
    assert moment_us(answers[1].get(52)) == peer.clock.now_us
    assert peer.store.next_out == 6


def test_resend_of_a_range_stops_at_its_end(peer):
    peer.log_on()
    for number in range(4):
        peer.session.send("8", [(17, str(number))])
    peer.link.take()
    answers = peer.send("2", (7, 2), (16, 3))
    assert [(m.type, m.get(34)) for m in answers] == [("8", "2"), ("8", "3")]


def test_resend_of_what_was_never_sent_is_silent(peer):
    peer.log_on()
    assert peer.send("2", (7, 99), (16, 0)) == []


def test_resend_request_that_is_itself_too_high_is_answered_before_asking_back(peer):
    peer.log_on()
    peer.session.send("8", [(17, "e")])
    peer.link.take()
    assert types(peer.send("2", (7, 2), (16, 0), sequence=9)) == ["8", "2"]


def test_gap_fill_moves_the_expected_number(peer):
    peer.log_on()
    assert peer.send("4", (123, "Y"), (36, 10), sequence=2) == []
    assert peer.store.next_in == 10


def test_gap_fill_backwards_is_rejected(peer):
    peer.log_on()
    peer.send("0")
    (answer,) = peer.send("4", (123, "Y"), (36, 1), sequence=3)
    assert (answer.type, answer.get(373)) == ("3", "5")


def test_sequence_reset_ignores_its_own_number(peer):
    peer.log_on()
    assert peer.send("4", (36, 20), sequence=1) == []
    assert peer.store.next_in == 20


def test_sequence_reset_backwards_is_rejected(peer):
    peer.log_on()
    (answer,) = peer.send("4", (36, 1), sequence=77)
    assert (answer.type, answer.get(373)) == ("3", "5")
    assert peer.store.next_in == 2


def test_logout_is_answered_and_disconnects(peer):
    peer.log_on()
    assert types(peer.send("5")) == ["5"]
    assert peer.link.closed
    assert not peer.application.up
    assert peer.store.next_in == 3


def test_session_goes_on_with_its_numbers_after_a_disconnect(peer):
    peer.log_on()
    peer.session.disconnected()
    assert not peer.application.up
    (answer,) = peer.log_on()
    assert answer.get(34) == "2"


def test_report_sent_while_disconnected_waits_for_the_resend(peer):
    peer.log_on()
    peer.session.disconnected()
    peer.session.send("8", [(17, "late")])
    (answer,) = peer.log_on()
    assert answer.get(34) == "3"
    (again,) = [m for m in peer.send("2", (7, 2), (16, 2)) if m.type == "8"]
    assert (again.get(34), again.get(17), again.get(43)) == ("2", "late", "Y")


def test_heartbeat_is_sent_when_nothing_else_was(peer):
    peer.log_on(heartbeat_s=10)
    peer.clock.pass_s(9)
    peer.session.on_time()
    assert peer.link.take() == []
    peer.clock.pass_s(1)
    peer.session.on_time()
    assert types(peer.link.take()) == ["0"]


def test_silence_is_tested_and_then_ends_the_connection(peer):
    peer.log_on(heartbeat_s=10)
    peer.clock.pass_s(13)
    peer.session.on_time()
    assert "1" in types(peer.link.take())
    peer.clock.pass_s(12)
    peer.session.on_time()
    assert peer.link.closed
    assert not peer.application.up


def test_answer_to_the_test_keeps_the_connection(peer):
    peer.log_on(heartbeat_s=10)
    peer.clock.pass_s(13)
    peer.session.on_time()
    peer.send("0", (112, "x"))
    peer.clock.pass_s(12)
    peer.session.on_time()
    assert not peer.link.closed


@pytest.mark.parametrize("numbers", [(1, 1), (8, 5)])
def test_numbers_are_saved_before_anything_is_written(new_peer, numbers):
    class SpyStore(MemoryStore):
        saved = (0, 0)

        def save_numbers(self):
            self.saved = (self.next_out, self.next_in)

    store = SpyStore()
    store.next_out, store.next_in = numbers
    peer = new_peer(store=store)
    peer.next = numbers[1]
    peer.log_on()
    assert store.saved == (numbers[0] + 1, numbers[1] + 1)


def test_encoded_message_reads_back_as_it_was(peer):
    raw = encode(peer.identity, "D", 12, peer.clock.now_us, [(11, "id"), (55, "EURUSD")])
    message = Message(raw)
    assert (message.type, message.number(34), message.text(55)) == ("D", 12, "EURUSD")
    assert moment_us(message.text(52)) == peer.clock.now_us
