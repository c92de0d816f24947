"""The FIX 4.4 session rules of an acceptor. No I/O and no clock of its own: bytes in, bytes out, time by argument."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from simulators.lp import codec
from simulators.lp.codec import BadMessage, Identity, Message, Pairs, encode, moment_us, stamp
from simulators.lp.framing import frame
from simulators.lp.resend import resend
from simulators.lp.store import Store

log = logging.getLogger(__name__)

SENDING_TIME_SKEW_US = 120_000_000
_MICROSECONDS = 1_000_000


class Link(Protocol):
    """The connection below a session."""

    is_slow: bool

    def write(self, data: bytes) -> None:
        """Sends bytes."""

    def close(self) -> None:
        """Ends the connection once what was written is sent."""


class Application(Protocol):
    """What stands on a session."""

    def on_logon(self, session: Session) -> None:
        """The other end is there."""

    def on_logout(self, session: Session) -> None:
        """The other end is gone."""

    def on_message(self, session: Session, message: Message) -> bool:
        """Takes an application message; False if its type is not known here."""


class Session:
    """One session: sequence numbers, logon, heartbeats, resend and gap fill, logout."""

    def __init__(self, identity: Identity, store: Store, application: Application, now_us: Callable[[], int]) -> None:
        self.identity = identity
        self.store = store
        self.logged_on = False
        self._application = application
        self._now_us = now_us
        self._link: Link | None = None
        self._heartbeat_us = 0
        self._sent_us = 0
        self._received_us = 0
        self._test_pending = False
        self._resend_asked_to = 0
        self._header = b"\x0149=%b\x0150=%b\x0152=" % (identity.sender.encode(), identity.sub.encode())
        self._header_end = b"\x0156=%b\x0157=%b\x01" % (identity.target.encode(), identity.sub.encode())

    @property
    def connected(self) -> bool:
        """Whether a connection is bound to the session."""
        return self._link is not None

    def is_bound_to(self, link: Link) -> bool:
        """Whether that connection carries the session."""
        return self._link is link

    @property
    def is_slow(self) -> bool:
        """Whether the other end is behind with reading."""
        return self._link is not None and self._link.is_slow

    def drop(self) -> None:
        """Disconnects without a word."""
        self._drop()

    # --- out ---

    def send(self, msg_type: str, body: Pairs, *, keep: bool = True) -> None:
        """Numbers and sends a message. Kept ones are sent again on request, others are filled as a gap."""
        sequence, now_us = self._take_number()
        raw = encode(self.identity, msg_type, sequence, now_us, body)
        if keep:
            self.store.keep(sequence, raw)
        self._write(raw)

    def send_body(self, msg_type: bytes, body: bytes) -> None:
        """Numbers and sends a message whose body is encoded already; never sent again. The way of the quotes."""
        sequence, now_us = self._take_number()
        head = b"35=%b\x0134=%d" % (msg_type, sequence)
        self._write(frame(b"".join((head, self._header, stamp(now_us).encode(), self._header_end, body))))

    def _take_number(self) -> tuple[int, int]:
        sequence, self._sent_us = self.store.next_out, self._now_us()
        self.store.next_out = sequence + 1
        self.store.save_numbers()
        return sequence, self._sent_us

    def _write(self, raw: bytes) -> None:
        if self._link is not None:
            self._link.write(raw)

    def log_out(self, text: str) -> None:
        """Says goodbye and disconnects."""
        if self._link is None:
            return
        self.send("5", [(58, text)], keep=False)
        self._drop()

    def _drop(self) -> None:
        link, self._link = self._link, None
        if self.logged_on:
            self.logged_on = False
            self._application.on_logout(self)
        if link is not None:
            link.close()

    def disconnected(self) -> None:
        """The connection is gone."""
        self._link = None
        self._drop()

    def on_time(self) -> None:
        """To be called a few times a second: heartbeats, and the other end's silence."""
        if self._link is None or not self._heartbeat_us:
            return
        now_us = self._now_us()
        if now_us - self._sent_us >= self._heartbeat_us:
            self.send("0", [], keep=False)
        silence_us = now_us - self._received_us
        if silence_us > 2.4 * self._heartbeat_us:
            log.warning("%s: silent for too long, disconnecting", self.identity.name)
            self._drop()
        elif silence_us > 1.2 * self._heartbeat_us and not self._test_pending:
            self._test_pending = True
            self.send("1", [(112, stamp(now_us))], keep=False)

    # --- in ---

    def accept(self, link: Link, logon: Message) -> None:
        """Binds a connection whose first message is this Logon."""
        self._link = link
        self._received_us = self._now_us()
        self._test_pending = False
        self._resend_asked_to = 0
        self.receive(logon)

    def receive(self, message: Message) -> None:
        """Takes one message of the bound connection."""
        self._received_us = self._now_us()
        self._test_pending = False
        try:
            sequence = message.number(34)
        except BadMessage as error:
            self.log_out(error.text)
            return
        try:
            if self._is_refused(message, sequence):
                return
            self._dispatch(message, sequence)
        except BadMessage as error:
            self._reject(sequence, message.type, error)
            self._advance(sequence)

    def _is_refused(self, message: Message, sequence: int) -> bool:
        identity = self.identity
        if (message.get(49), message.get(56)) != (identity.target, identity.sender):
            error = BadMessage(codec.COMP_ID_PROBLEM, 49, "CompID problem")
        elif abs(moment_us(message.text(52)) - self._now_us()) > SENDING_TIME_SKEW_US:
            error = BadMessage(codec.SENDING_TIME_PROBLEM, 52, "SendingTime accuracy problem")
        else:
            return False
        self._reject(sequence, message.type, error)
        self._advance(sequence)
        self.log_out(error.text)
        return True

    def _dispatch(self, message: Message, sequence: int) -> None:
        if message.type == "A":
            self._logon(message, sequence)
        elif not self.logged_on:
            self._drop()
        elif message.type == "4" and not message.flag(123):
            self._sequence_reset(message)  # In reset mode its own number counts for nothing.
        elif sequence > self.store.next_in:
            self._too_high(message, sequence)
        elif sequence < self.store.next_in:
            self._too_low(message, sequence)
        else:
            self._in_order(message, sequence)

    def _in_order(self, message: Message, sequence: int) -> None:
        if message.type == "4":
            self._sequence_reset(message)
            return
        self._handle(message)
        self._advance(sequence)
        if message.type == "5":
            self.log_out("goodbye")

    def _handle(self, message: Message) -> None:
        match message.type:
            case "1":
                self.send("0", [(112, message.text(112))], keep=False)
            case "2":
                resend(self.store, self.identity, message.number(7), message.number(16), self._now_us(), self._write)
            case "0" | "3" | "5" | "j":
                pass
            case _ if not self._application.on_message(self, message):
                self.send("j", [(45, message.number(34)), (372, message.type), (380, 3), (58, "Unsupported")])

    def _advance(self, sequence: int) -> None:
        if sequence == self.store.next_in:
            self.store.next_in = sequence + 1
            self.store.save_numbers()

    def _too_high(self, message: Message, sequence: int) -> None:
        if message.type == "2":
            self._handle(message)  # Else two ends that both miss something would wait for each other for ever.
        elif message.type == "5":
            self.log_out("goodbye")
            return
        if self.store.next_in > self._resend_asked_to:  # Else the answer to the last request is still on its way.
            self._ask_resend(sequence)

    def _ask_resend(self, seen: int) -> None:
        # Up to infinity: what came after the gap was not kept, so it must come again too.
        self._resend_asked_to = seen
        self.send("2", [(7, self.store.next_in), (16, 0)], keep=False)

    def _too_low(self, message: Message, sequence: int) -> None:
        if not message.flag(43):
            self.log_out(f"MsgSeqNum too low, expecting {self.store.next_in} but received {sequence}")
        elif message.get(122) is None:
            self._reject(
                sequence, message.type, BadMessage(codec.REQUIRED_TAG_MISSING, 122, "Required tag missing: 122")
            )

    def _sequence_reset(self, message: Message) -> None:
        new = message.number(36)
        if new < self.store.next_in:
            raise BadMessage(codec.VALUE_INCORRECT, 36, f"NewSeqNo too low, expecting {self.store.next_in}")
        self.store.next_in = new
        self.store.save_numbers()
        self._resend_asked_to = 0

    def _logon(self, message: Message, sequence: int) -> None:
        reset = message.flag(141)
        if reset and sequence != 1:
            self.log_out("ResetSeqNumFlag needs MsgSeqNum 1")
            return
        if self.logged_on and not reset:
            raise BadMessage(codec.VALUE_INCORRECT, 35, "logged on already")
        if reset:
            self.store.reset()
        elif sequence < self.store.next_in:
            self._too_low(message, sequence)
            return
        self._answer_logon(message.number(108), reset)
        if sequence > self.store.next_in:
            self._ask_resend(sequence)
        else:
            self._advance(sequence)
        self._application.on_logon(self)

    def _answer_logon(self, heartbeat_s: int, reset: bool) -> None:
        self._heartbeat_us = heartbeat_s * _MICROSECONDS
        body: list[tuple[int, str | bytes | int]] = [(98, 0), (108, heartbeat_s)]
        self.send("A", [*body, (141, "Y")] if reset else body, keep=False)
        self.logged_on = True

    def _reject(self, sequence: int, msg_type: str, error: BadMessage) -> None:
        log.warning("%s: rejecting message %d: %s", self.identity.name, sequence, error.text)
        body: list[tuple[int, str | bytes | int]] = [(45, sequence), (372, msg_type), (373, error.reason)]
        if error.tag:
            body.insert(1, (371, error.tag))
        self.send("3", [*body, (58, error.text)], keep=False)
