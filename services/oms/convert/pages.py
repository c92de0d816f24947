"""Pages of lists: the cursor is the id of the last row, in words that mean nothing to the caller."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from services.kernel.errors import EngineError, Kind
from services.oms.ports import Page

LIMIT = 100

T = TypeVar("T")


def page_from_pb(limit: int, cursor: str) -> Page:
    """The page that is asked for, with one row more than it shows: that one tells whether there is a next page."""
    return Page((limit or LIMIT) + 1, _id_of(cursor) if cursor else None)


def shown(rows: Sequence[T], page: Page, key: Callable[[T], UUID]) -> tuple[Sequence[T], str]:
    """The rows to show, and the cursor of the next page; empty on the last."""
    if len(rows) < page.limit:
        return rows, ""
    kept = rows[: page.limit - 1]
    return kept, base64.urlsafe_b64encode(key(kept[-1]).bytes).decode().rstrip("=")


def _id_of(cursor: str) -> UUID:
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise EngineError(
            Kind.INVALID, "CURSOR_INVALID", "cursor must be the next_cursor of an earlier page", field="cursor"
        ) from None
