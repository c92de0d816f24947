"""gRPC in."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence

import grpc
from tradeloom.fix_gateway.v1 import provider_service_pb2 as pb
from tradeloom.fix_gateway.v1 import provider_service_pb2_grpc as rpc

from services.fix_gateway.convert import book_to_pb, session_to_pb
from services.fix_gateway.domain.book import Book
from services.fix_gateway.domain.provider import SessionState
from services.kit.newest import Broadcast

HEARTBEAT_S = 0.25
# The shortest time between two messages to one reader. What comes meanwhile is conflated; after a pause nothing waits.
PACE_S = 0.001


def now_us() -> int:
    """Monotonic microseconds."""
    return time.monotonic_ns() // 1000


class NewestBooks:
    """The newest book of each provider and symbol, for every follower."""

    def __init__(self) -> None:
        self.broadcast: Broadcast[tuple[str, str], Book] = Broadcast()

    def publish(self, books: Sequence[Book]) -> None:
        """Makes these the newest."""
        for book in books:
            self.broadcast.publish((book.provider, book.symbol), book)


class ProviderService(rpc.ProviderServiceServicer):
    """Answers `tradeloom.fix_gateway.v1.ProviderService`."""

    def __init__(self, books: NewestBooks, sessions: Callable[[], Sequence[SessionState]]) -> None:
        self._books = books
        self._sessions = sessions

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_ProviderServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["ProviderService"].full_name

    async def WatchBooks(
        self, request: pb.WatchBooksRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.WatchBooksResponse]:
        """The books that stand, then those that change."""
        with self._books.broadcast.subscribe() as newest:
            while True:
                books = await newest.take(HEARTBEAT_S)
                sent_us = now_us()
                yield pb.WatchBooksResponse(books=[book_to_pb(book, sent_us) for book in books])
                await asyncio.sleep(PACE_S - (now_us() - sent_us) / 1_000_000)

    async def ListSessions(
        self, request: pb.ListSessionsRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListSessionsResponse:
        """The sessions, by provider and kind."""
        states = sorted(self._sessions(), key=lambda state: state.key)
        return pb.ListSessionsResponse(sessions=[session_to_pb(state) for state in states])
