"""What a client may say. Nothing that arrives can do more than be refused."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

CONFLATE_MS_MIN = 10
CONFLATE_MS_MAX = 5_000
ID_LENGTH_MAX = 64
TICKET_LENGTH_MAX = 4_096
SYMBOLS_MAX = 200
SYMBOL_LENGTH_MAX = 16
SEQUENCE_MAX = 2**63 - 1

MessageId = str | int | None


class Refusal(Exception):
    """A message that is not carried out, and why."""

    def __init__(self, message_id: MessageId, reason: str, message: str) -> None:
        super().__init__(message)
        self.message_id = message_id
        self.reason = reason
        self.message = message


class Malformed(Refusal):
    """A message that is not one: not a JSON object with an `op`."""

    def __init__(self, message: str) -> None:
        super().__init__(None, "MESSAGE_MALFORMED", message)


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Says who speaks; again, to go on beyond the session's time."""

    message_id: MessageId
    ticket: str


@dataclass(frozen=True, slots=True)
class SubscribeQuotes:
    """Wants the quotes of these symbols, besides those it has."""

    message_id: MessageId
    symbols: tuple[str, ...]
    conflate_ms: int | None


@dataclass(frozen=True, slots=True)
class UnsubscribeQuotes:
    """Wants these symbols no more; none named: no symbol."""

    message_id: MessageId
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubscribeAccount:
    """Wants what happens on the account, from now on or after a sequence."""

    message_id: MessageId
    account_id: str
    since_sequence: int | None


@dataclass(frozen=True, slots=True)
class UnsubscribeAccount:
    """Wants the account no more."""

    message_id: MessageId
    account_id: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Wants a pong."""

    message_id: MessageId


Command = Authenticate | SubscribeQuotes | UnsubscribeQuotes | SubscribeAccount | UnsubscribeAccount | Ping


class _Message(msgspec.Struct):
    op: str
    id: str | int | None = None
    ticket: str | None = None
    channel: str | None = None
    symbols: list[str] | None = None
    conflate_ms: int | None = None
    account_id: str | None = None
    since_sequence: int | None = None


class _Named(msgspec.Struct):
    id: Any = None


_decoder = msgspec.json.Decoder(_Message)
_name_decoder = msgspec.json.Decoder(_Named)


def parse(text: bytes) -> Command:
    """What the message asks for. Raises `Refusal` (`Malformed` for what is no message at all), and nothing else."""
    message = _decode(text)
    if isinstance(message.id, str) and len(message.id) > ID_LENGTH_MAX:
        raise Refusal(None, "FIELD_INVALID", f"id is longer than {ID_LENGTH_MAX} characters")
    match message.op:
        case "auth":
            return _authenticate(message)
        case "subscribe" | "unsubscribe":
            return _subscription(message)
        case "ping":
            return Ping(message.id)
    raise Refusal(message.id, "OP_UNKNOWN", f"op must be auth, subscribe, unsubscribe or ping, was {message.op[:32]!r}")


def _decode(text: bytes) -> _Message:
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        message_id = _id_of(text)
        if message_id is None:
            raise Malformed(f"not a message: {error}"[:200]) from None
        raise Refusal(message_id, "FIELD_INVALID", str(error)[:200]) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Malformed("not JSON") from None


def _id_of(text: bytes) -> MessageId:
    try:
        found = _name_decoder.decode(text).id
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    named = (isinstance(found, str) and len(found) <= ID_LENGTH_MAX) or type(found) is int
    return found if named else None


def _authenticate(message: _Message) -> Authenticate:
    if not message.ticket or len(message.ticket) > TICKET_LENGTH_MAX:
        raise Refusal(message.id, "FIELD_INVALID", "ticket is missing or too long")
    return Authenticate(message.id, message.ticket)


def _subscription(message: _Message) -> Command:
    subscribing = message.op == "subscribe"
    match message.channel:
        case "quotes":
            symbols = _symbols(message, required=subscribing)
            if not subscribing:
                return UnsubscribeQuotes(message.id, symbols)
            return SubscribeQuotes(message.id, symbols, _conflate_ms(message))
        case "account":
            account_id = _account_id(message)
            if not subscribing:
                return UnsubscribeAccount(message.id, account_id)
            return SubscribeAccount(message.id, account_id, _since(message))
    wrong = "missing" if message.channel is None else repr(message.channel[:32])
    raise Refusal(message.id, "CHANNEL_UNKNOWN", f"channel must be quotes or account, was {wrong}")


def _symbols(message: _Message, *, required: bool) -> tuple[str, ...]:
    symbols = tuple(dict.fromkeys(message.symbols or ()))
    if required and not symbols:
        raise Refusal(message.id, "FIELD_INVALID", "symbols must name at least one symbol")
    if len(symbols) > SYMBOLS_MAX:
        raise Refusal(message.id, "SUBSCRIPTIONS_TOO_MANY", f"at most {SYMBOLS_MAX} symbols")
    if any(not symbol or len(symbol) > SYMBOL_LENGTH_MAX for symbol in symbols):
        raise Refusal(message.id, "SYMBOL_UNKNOWN", f"a symbol has 1 to {SYMBOL_LENGTH_MAX} characters")
    return symbols


def _conflate_ms(message: _Message) -> int | None:
    wanted = message.conflate_ms
    if wanted is not None and not CONFLATE_MS_MIN <= wanted <= CONFLATE_MS_MAX:
        bounds = f"{CONFLATE_MS_MIN} to {CONFLATE_MS_MAX}"
        raise Refusal(message.id, "FIELD_INVALID", f"conflate_ms must be {bounds}, was {str(wanted)[:32]}")
    return wanted


def _account_id(message: _Message) -> str:
    try:
        return str(UUID(message.account_id or ""))
    except ValueError:
        raise Refusal(message.id, "FIELD_INVALID", "account_id must be a UUID") from None


def _since(message: _Message) -> int | None:
    since = message.since_sequence
    if since is not None and not 0 <= since <= SEQUENCE_MAX:
        raise Refusal(message.id, "FIELD_INVALID", "since_sequence must be 0 or more")
    return since
