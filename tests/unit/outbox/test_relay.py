"""What the relay refuses before it touches anything."""

from typing import Any

import pytest

from services.kit.outbox import Relay


@pytest.mark.parametrize("table", ["", "out box", "outbox; DROP TABLE x", "Outbox", "a.b.c", '"x"'])
def test_relay_when_the_table_has_no_tables_name_then_it_is_refused(table: str) -> None:
    nothing: Any = None
    with pytest.raises(ValueError, match="not the name of a table"):
        Relay(nothing, nothing, table=table)
