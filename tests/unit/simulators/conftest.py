"""A session of the provider, driven from the other end."""

import pytest

from simulators.lp.codec import Identity, Message, encode
from simulators.lp.framing import FrameReader
from simulators.lp.session import Session
from simulators.lp.store import MemoryStore

START_US = 1_800_000_000_000_000


class Clock:
    """Microseconds that pass when told to."""

    def __init__(self):
        self.now_us = START_US

    def __call__(self):
        return self.now_us

    def pass_s(self, seconds):
        self.now_us += int(seconds * 1_000_000)


class MemoryLink:
    """Keeps what was written."""

    def __init__(self):
        self.is_slow = False
        self.closed = False
        self._reader = FrameReader()
        self.messages = []

    def write(self, data):
        self.messages += [Message(raw) for raw in self._reader.feed(data)]

    def close(self):
        self.closed = True

    def take(self):
        taken, self.messages = self.messages, []
        return taken


class MemoryApplication:
    """Takes every message of type D and knows no other."""

    def __init__(self):
        self.messages = []
        self.up = False

    def on_logon(self, session):
        self.up = True

    def on_logout(self, session):
        self.up = False

    def on_message(self, session, message):
        self.messages.append(message)
        return message.type == "D"


class Peer:
    """The other end of a session."""

    def __init__(self, application=None, store=None, sub="QUOTE"):
        self.clock = Clock()
        self.store = store or MemoryStore()
        self.application = application or MemoryApplication()
        self.session = Session(Identity("ALPHA", "TRADELOOM", sub), self.store, self.application, self.clock)
        self.identity = Identity("TRADELOOM", "ALPHA", sub)
        self.link = MemoryLink()
        self.next = 1

    def make(self, kind, *body, sequence=None, header=(), sent_us=None):
        number = self.next if sequence is None else sequence
        self.next = number + 1
        return Message(encode(self.identity, kind, number, sent_us or self.clock.now_us, body, header))

    def send(self, kind, *body, **more):
        """Sends a message and gives the answers."""
        self.session.receive(self.make(kind, *body, **more))
        return self.link.take()

    def log_on(self, *body, heartbeat_s=30, **more):
        """Connects and logs on; gives the answers."""
        self.link = MemoryLink()
        self.session.accept(self.link, self.make("A", (98, 0), (108, heartbeat_s), *body, **more))
        return self.link.take()


@pytest.fixture
def peer():
    return Peer()


@pytest.fixture
def new_peer():
    return Peer
