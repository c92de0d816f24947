"""One table from errors to statuses, and back."""

import pytest
from google.rpc import code_pb2, status_pb2

from services.kernel.errors import EngineError, Kind
from services.kit.status import CODES, KINDS, error_of, status_of


def test_every_kind_has_a_code_of_its_own():
    assert set(CODES) == set(Kind)
    assert len(KINDS) == len(CODES)


@pytest.mark.parametrize("kind", list(Kind))
def test_an_error_comes_back_as_it_went(kind):
    sent = EngineError(kind, "SOMETHING_WRONG", "a message", violations=(("a.b", "must be c"),), orderId="7", max="9")
    got = error_of(status_of(sent))
    assert (got.kind, got.reason, got.message) == (kind, "SOMETHING_WRONG", "a message")
    assert (got.violations, got.metadata) == (sent.violations, {"orderId": "7", "max": "9"})


def test_a_status_without_details_gets_the_reason_of_its_code():
    got = error_of(status_pb2.Status(code=code_pb2.NOT_FOUND, message="no such thing"))
    assert (got.kind, got.reason, got.message) == (Kind.NOT_FOUND, "NOT_FOUND", "no such thing")


def test_a_code_outside_the_table_counts_as_unavailable():
    got = error_of(status_pb2.Status(code=code_pb2.INTERNAL, message="?"))
    assert (got.kind, got.reason) == (Kind.UNAVAILABLE, "INTERNAL")
