"""gRPC in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import grpc
from tradeloom.fix_gateway.v1 import provider_service_pb2 as pb
from tradeloom.fix_gateway.v1 import provider_service_pb2_grpc as rpc

from services.fix_gateway.convert import book_to_pb, session_to_pb
from services.fix_gateway.domain.book import Book
from services.fix_gateway.domain.provider import SessionState
from services.kernel.clock import monotonic_us
from services.kit.newest import Broadcast

HEARTBEAT_S = 0.25
# The shortest time between two messages to one reader. What comes meanwhile is conflated; after a pause nothing waits.
PACE_S = 0.001


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

    def __init__(
        self, books: NewestBooks, sessions: Callable[[], Sequence[SessionState]], pace_s: float = PACE_S
    ) -> None:
        self._books = books
        self._sessions = sessions
        self._pace_s = pace_s

    def register(self, server: grpc.aio.Server) -> str:
        """Adds the service to the server; returns its full name."""
        rpc.add_ProviderServiceServicer_to_server(self, server)
        return pb.DESCRIPTOR.services_by_name["ProviderService"].full_name

    async def WatchBooks(
        self, request: pb.WatchBooksRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.WatchBooksResponse]:
        """The books that stand, then those that change."""
        sent_us = 0
        with self._books.broadcast.subscribe() as newest:
            while True:
                books = await newest.take(HEARTBEAT_S)
                # Mostly nothing is too early: a timer after each message would be one more wake-up for each.
                early_s = self._pace_s - (monotonic_us() - sent_us) / 1_000_000
                if early_s > 0:
                    await asyncio.sleep(early_s)
                    books = _conflated([*books, *await newest.take(0)])
                sent_us = monotonic_us()
                yield pb.WatchBooksResponse(books=[book_to_pb(book, sent_us) for book in books])

    async def ListSessions(
        self, request: pb.ListSessionsRequest, context: grpc.aio.ServicerContext
    ) -> pb.ListSessionsResponse:
        """The sessions, by provider and kind."""
        states = sorted(self._sessions(), key=lambda state: state.key)
        return pb.ListSessionsResponse(sessions=[session_to_pb(state) for state in states])


def _conflated(books: Sequence[Book]) -> list[Book]:
    """The last book of each provider and symbol."""
    return list({(book.provider, book.symbol): book for book in books}.values())
