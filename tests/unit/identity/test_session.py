"""What presenting a refresh token means."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.identity.domain.session import RefreshToken, Session, Verdict, judge, username_of
from tests.fakes.identity import TRADER

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALIVE, ENDED = Session(UUID(int=1), TRADER), Session(UUID(int=1), TRADER, ended=True)
LATER, EARLIER = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        (None, Verdict.REFUSE),
        (RefreshToken(ALIVE, LATER, used=False), Verdict.ROTATE),
        (RefreshToken(ALIVE, NOW, used=False), Verdict.REFUSE),
        (RefreshToken(ALIVE, LATER, used=True), Verdict.END_SESSION),
        (RefreshToken(ALIVE, EARLIER, used=True), Verdict.REFUSE),
        (RefreshToken(ENDED, LATER, used=False), Verdict.REFUSE),
        (RefreshToken(ENDED, LATER, used=True), Verdict.END_SESSION),
    ],
    ids=["unknown", "fresh", "expired", "used", "used-and-expired", "ended", "used-and-ended"],
)
def test_a_refresh_token_is_judged(token, verdict):
    assert judge(token, NOW) is verdict


@pytest.mark.parametrize("typed", ["Trader1@Demo.example", " trader1@demo.example ", "TRADER1@DEMO.EXAMPLE"])
def test_a_username_has_one_spelling(typed):
    assert username_of(typed) == "trader1@demo.example"
