from services.stream.domain.limits import Allowance, UsedTickets


def test_allowance_when_within_the_burst_then_allowed_and_then_refused() -> None:
    allowance = Allowance(per_s=10, burst=3)
    assert [allowance.take(5_000_000) for _ in range(5)] == [True, True, True, False, False]


def test_allowance_when_time_passes_then_as_many_as_that_more() -> None:
    allowance = Allowance(per_s=10, burst=3)
    for _ in range(3):
        allowance.take(5_000_000)

    assert [allowance.take(5_200_000) for _ in range(3)] == [True, True, False]


def test_allowance_when_unused_for_long_then_no_more_than_the_burst() -> None:
    allowance = Allowance(per_s=10, burst=3)
    assert sum(allowance.take(3_600_000_000) for _ in range(10)) == 3


def test_used_tickets_when_used_again_then_refused() -> None:
    used = UsedTickets()
    assert used.use("a", 130, 100)
    assert used.use("b", 130, 100)
    assert not used.use("a", 130, 129)


def test_used_tickets_when_expired_then_forgotten() -> None:
    used = UsedTickets()
    for number in range(100):
        used.use(str(number), 130, 100)

    used.use("later", 230, 200)

    assert len(used) == 1
