"""Pauses for whoever guesses passwords."""

from datetime import UTC, datetime, timedelta

from services.identity.domain.throttle import FAILURES_MAX, FIRST_PAUSE, PAUSE_MAX, WINDOW, Throttle

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def fail(throttle, times, at=NOW, name="eve"):
    for _ in range(times):
        throttle.failed(name, at)


def test_nine_failures_bring_no_pause():
    throttle = Throttle()
    fail(throttle, FAILURES_MAX - 1)
    assert throttle.pause_of("eve", NOW) <= timedelta()


def test_the_tenth_failure_brings_a_pause_that_ends():
    throttle = Throttle()
    fail(throttle, FAILURES_MAX)
    assert throttle.pause_of("eve", NOW) == FIRST_PAUSE
    assert throttle.pause_of("eve", NOW + FIRST_PAUSE) <= timedelta()


def test_failures_spread_over_more_than_the_window_bring_no_pause():
    throttle = Throttle()
    at = NOW
    for _ in range(FAILURES_MAX * 3):
        throttle.failed("eve", at)
        assert throttle.pause_of("eve", at) <= timedelta()
        at += WINDOW / (FAILURES_MAX - 1) + timedelta(milliseconds=1)


def test_each_failure_after_a_pause_doubles_the_next_one_up_to_the_longest():
    throttle, at, pauses = Throttle(), NOW, []
    fail(throttle, FAILURES_MAX - 1)
    for _ in range(8):
        throttle.failed("eve", at)
        pauses.append(throttle.pause_of("eve", at))
        at += pauses[-1]
    assert pauses[:4] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8]
    assert pauses[-1] == PAUSE_MAX


def test_who_stays_quiet_for_the_window_after_a_pause_starts_anew():
    throttle = Throttle()
    fail(throttle, FAILURES_MAX)
    later = NOW + FIRST_PAUSE + WINDOW + SECOND
    throttle.failed("eve", later)
    assert throttle.pause_of("eve", later) <= timedelta()


def test_a_success_forgets_the_failures():
    throttle = Throttle()
    fail(throttle, FAILURES_MAX - 1)
    throttle.succeeded("eve")
    fail(throttle, FAILURES_MAX - 1)
    assert throttle.pause_of("eve", NOW) <= timedelta()


def test_users_are_counted_apart():
    throttle = Throttle()
    fail(throttle, FAILURES_MAX)
    assert throttle.pause_of("bob", NOW) <= timedelta()


def test_the_counts_of_those_who_failed_longest_ago_are_forgotten_first():
    throttle = Throttle(users_max=2)
    fail(throttle, FAILURES_MAX, name="first")
    fail(throttle, FAILURES_MAX, name="second")
    throttle.failed("first", NOW)  # Now `second` is the one longest ago.
    throttle.failed("third", NOW)
    assert throttle.pause_of("first", NOW) > timedelta()
    assert throttle.pause_of("second", NOW) <= timedelta()
