"""Cursors of the catalogue."""

import pytest

from services.kernel.errors import EngineError, Kind
from services.reference.domain.catalogue import cursor_after, symbol_of


def test_a_cursor_leads_back_to_its_symbol():
    assert symbol_of(cursor_after("EURUSD")) == "EURUSD"


def test_no_cursor_means_the_first_page():
    assert symbol_of("") == ""


@pytest.mark.parametrize("cursor", ["EURUSD", "****", "ZXVydXNk", "w7w=", "\u00e9", "AAAA", "RVVSVVNEXHgwMA=="])
def test_a_cursor_that_was_not_given_by_us_is_refused(cursor):
    with pytest.raises(EngineError) as caught:
        symbol_of(cursor)
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID, "CURSOR_INVALID")
