"""Who may connect, what a conversation looks like, and how it ends."""

import asyncio

import pytest
import websockets
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tradeloom.stream.v1 import stream_service_pb2 as pb
from tradeloom.stream.v1 import stream_service_pb2_grpc as rpc

from services.kit.channel import channel
from services.stream.handlers.connection import Patience

ORIGIN = "https://terminal.example"
STRANGER = "018f4a00-0000-7000-8000-000000000002"


async def test_auth_then_the_session_and_the_time_are_told(world) -> None:
    async with world.connected() as client:
        answer = await client.authenticate(world.ticket())

        assert (answer["op"], answer["id"], answer["ok"]) == ("ack", "auth", True)
        assert answer["session"]
        assert answer["server_time"].endswith("Z")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"lives_s": -30}, "TOKEN_EXPIRED"),
        ({"audience": "client"}, "TOKEN_INVALID"),
        ({"issuer": "somebody"}, "TOKEN_INVALID"),
        ({"key": Ed25519PrivateKey.generate()}, "TOKEN_INVALID"),
    ],
    ids=["expired", "of the API", "of another issuer", "forged"],
)
async def test_auth_when_the_ticket_is_no_good_then_refused_and_closed(world, options, reason) -> None:
    async with world.connected() as client:
        answer = await client.authenticate(world.ticket(**options))

        assert (answer["ok"], answer["reason"]) == (False, reason)
        assert (await client.closed())[0] == 4001


async def test_auth_when_the_ticket_is_no_ticket_then_refused_and_closed(world) -> None:
    async with world.connected() as client:
        assert (await client.authenticate("no.jwt.at-all"))["reason"] == "TOKEN_INVALID"
        assert (await client.closed())[0] == 4001


async def test_auth_when_the_ticket_was_used_then_refused_and_closed(world) -> None:
    ticket = world.ticket()
    async with world.connected() as first, world.connected() as second:
        assert (await first.authenticate(ticket))["ok"]

        answer = await second.authenticate(ticket)

        assert (answer["ok"], answer["reason"]) == (False, "TICKET_USED")
        assert (await second.closed())[0] == 4001
        assert (await first.ask(op="ping", id="9"))["op"] == "pong"


async def test_auth_when_two_connections_race_with_one_ticket_then_one_gets_in(world) -> None:
    ticket = world.ticket()
    async with world.connected() as first, world.connected() as second:
        answers = await asyncio.gather(first.authenticate(ticket), second.authenticate(ticket))

        assert sorted(answer["ok"] for answer in answers) == [False, True]


async def test_anything_else_before_auth_then_it_is_refused(world) -> None:
    async with world.connected() as client:
        answer = await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"])

        assert (answer["ok"], answer["reason"]) == (False, "AUTH_REQUIRED")


async def test_auth_and_subscribe_sent_together_then_both_are_carried_out_in_order(world) -> None:
    async with world.connected() as client:
        await client.say(op="auth", id="1", ticket=world.ticket())
        await client.say(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"])

        assert (await client.until(lambda heard: heard.get("id") == "1"))["ok"]
        assert (await client.until(lambda heard: heard.get("id") == "2"))["ok"]


async def test_no_auth_in_time_then_closed(make_world) -> None:
    async with make_world(patience=Patience(authenticate_s=0.1)) as world, world.connected() as client:
        assert (await client.closed())[0] == 4001


async def test_no_subscription_in_time_then_closed(make_world) -> None:
    async with make_world(patience=Patience(subscribe_s=0.1)) as world, world.authenticated() as client:
        assert (await client.closed())[0] == 4000


async def test_the_sessions_time_is_up_then_closed(make_world) -> None:
    async with make_world(patience=Patience(session_s=0.5)) as world, world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"])

        assert (await client.closed())[0] == 4001


async def test_auth_again_then_the_session_goes_on(make_world) -> None:
    async with make_world(patience=Patience(session_s=2.5)) as world, world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"])
        for _ in range(3):
            await client.until(lambda heard: heard.get("ch") == "heartbeat")
            assert (await client.authenticate(world.ticket()))["ok"]

        # More than 2.5 s have passed by the fourth heartbeat.
        assert (await client.until(lambda heard: heard.get("ch") == "heartbeat"))["n"] == 4


async def test_auth_again_as_somebody_else_then_closed(world) -> None:
    async with world.authenticated() as client:
        answer = await client.authenticate(world.ticket(STRANGER))

        assert (answer["ok"], answer["reason"]) == (False, "TOKEN_INVALID")
        assert (await client.closed())[0] == 4001


async def test_a_reader_that_never_reads_again_then_closed(make_world) -> None:
    async with make_world(patience=Patience(stall_s=0.1)) as world, world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"])
        socket = next(iter(next(group for group in world.stream.connections._groups if group)))._wire

        socket.pause_writing()  # As the transport says when 64 KiB wait.

        assert (await client.closed())[0] == 4002
        assert world.stream.statistics.slow_close_count == 1


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("null", 403), (f"{ORIGIN}.evil.example", 403)]
)
async def test_connect_from_another_origin_then_refused(world, origin: str, status: int) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with world.connected(origin=origin):
            pass
    assert refused.value.response.status_code == status


async def test_connect_from_our_page_with_our_protocol_then_accepted(world) -> None:
    async with world.connected(origin=ORIGIN, subprotocols=["tradeloom.v1.json"]) as client:
        assert client.connection.subprotocol == "tradeloom.v1.json"


async def test_connect_with_another_protocol_then_refused(world) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with world.connected(subprotocols=["tradeloom.v9.cbor"]):
            pass
    assert refused.value.response.status_code == 400


async def test_connect_elsewhere_then_not_found(world) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(f"ws://127.0.0.1:{world.port}/v1/other"):
            pass
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"op": "dance"}, "OP_UNKNOWN"),
        ({"op": "subscribe", "channel": "weather"}, "CHANNEL_UNKNOWN"),
        ({"op": "subscribe"}, "CHANNEL_UNKNOWN"),
        ({"op": "subscribe", "channel": "quotes"}, "FIELD_INVALID"),
        ({"op": "subscribe", "channel": "quotes", "symbols": "EURUSD"}, "FIELD_INVALID"),
        ({"op": "subscribe", "channel": "quotes", "symbols": [f"S{n}" for n in range(201)]}, "SUBSCRIPTIONS_TOO_MANY"),
        ({"op": "subscribe", "channel": "account", "account_id": "D-1001"}, "FIELD_INVALID"),
        ({"op": "subscribe", "channel": "account", "account_id": STRANGER, "since_sequence": -1}, "FIELD_INVALID"),
        ({"op": "auth"}, "FIELD_INVALID"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_message_that_makes_no_sense_then_refused_and_the_conversation_goes_on(world, message, reason) -> None:
    async with world.authenticated() as client:
        answer = await client.ask(id="7", **message)

        assert (answer["ok"], answer["reason"]) == (False, reason)
        assert (await client.ask(op="ping", id="8")) == {"op": "pong", "id": "8"}


async def test_what_is_no_message_at_all_then_refused_and_after_three_closed(world) -> None:
    async with world.authenticated() as client:
        for text in ("{", "[]", '"op"'):
            await client.connection.send(text)
            answer = await client.until(lambda heard: heard.get("op") == "ack")
            assert (answer["ok"], answer["reason"]) == (False, "MESSAGE_MALFORMED")

        assert (await client.closed())[0] == 4000


async def test_a_message_in_fragments_then_it_is_put_together(world) -> None:
    async with world.authenticated() as client:
        await client.connection.send(['{"op":"pi', 'ng","i', 'd":"1"}'])

        assert await client.until(lambda heard: heard.get("op") == "pong") == {"op": "pong", "id": "1"}


@pytest.mark.parametrize("message", ["x" * 20_000, ["x" * 9_000, "x" * 9_000]], ids=["whole", "fragments"])
async def test_a_message_that_is_too_big_then_closed(world, message) -> None:
    async with world.authenticated() as client:
        await client.connection.send(message)

        assert (await client.closed())[0] == 1009


async def test_a_binary_message_then_closed(world) -> None:
    async with world.authenticated() as client:
        await client.connection.send(b"\x00")

        assert (await client.closed())[0] == 1003


async def test_too_many_messages_then_closed(world) -> None:
    async with world.authenticated() as client:
        for number in range(200):
            await client.say(op="ping", id=number)

        assert (await client.closed())[0] == 4008


async def test_the_server_stops_then_clients_are_told(world) -> None:
    async with world.authenticated() as client:
        await world.stream.websockets.stop()

        assert (await client.closed())[0] == 1001
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", world.port)


async def test_clients_come_and_go_then_nothing_of_them_is_left(world) -> None:
    async with world.authenticated() as client:
        await client.ask(op="subscribe", id="2", channel="quotes", symbols=["EURUSD"])
        async with channel(world.grpc_address) as link:
            counted = await rpc.StreamServiceStub(link).GetStatistics(pb.GetStatisticsRequest())
        assert (counted.connection_count, counted.subscription_count) == (1, 1)
        assert counted.sent_frame_count >= 3

    await world.until(lambda: len(world.stream.connections) == 0)
    async with channel(world.grpc_address) as link:
        counted = await rpc.StreamServiceStub(link).GetStatistics(pb.GetStatisticsRequest())
    assert (counted.connection_count, counted.subscription_count, counted.slow_close_count) == (0, 0, 0)
