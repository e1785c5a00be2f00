"""When a batch is due: count, bytes, age. No clock, no journal."""

from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.delivery.batcher import Batcher


def make(records: int = 100, size: int = 10_000, age_ms: int = 1000, through: int = 0) -> Batcher:
    return Batcher(records, size, age_ms, through)


def test_nothing_pending_is_never_due() -> None:
    batcher = make(through=50)
    batcher.journalled(50, 0)
    assert not batcher.due(10**9)
    assert batcher.next_deadline_ms() is None


def test_count_closes_a_batch() -> None:
    batcher = make()
    batcher.journalled(99, 0)
    assert not batcher.due(0)
    batcher.journalled(100, 0)
    assert batcher.due(0)


def test_age_closes_a_batch() -> None:
    batcher = make()
    batcher.journalled(1, 500)
    assert batcher.next_deadline_ms() == 1500
    assert not batcher.due(1499)
    assert batcher.due(1500)


def test_bytes_close_a_batch_by_what_the_last_ones_weighed() -> None:
    batcher = make(size=10_000)
    batcher.journalled(100, 0)
    batcher.taken(100, 100 * 500)
    assert batcher.full_at == 120
    batcher.journalled(119, 10)
    assert not batcher.due(10)
    batcher.journalled(120, 10)
    assert batcher.due(10)


def test_a_rest_keeps_its_own_age() -> None:
    batcher = make()
    batcher.journalled(100, 0)
    batcher.journalled(130, 800)
    batcher.taken(100, 6400)
    assert batcher.next_deadline_ms() == 1800


def test_a_body_larger_than_the_limit_still_makes_a_batch() -> None:
    batcher = make(size=10)
    batcher.journalled(1, 0)
    batcher.taken(1, 1000)
    batcher.journalled(2, 0)
    assert batcher.due(0)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 400)), max_size=200))
def test_no_record_ever_waits_longer_than_the_age(steps: list[tuple[int, int]]) -> None:
    """Driven as the publisher drives it, the oldest record that is not taken is never overdue."""
    batcher, now_ms, last, seen = make(), 0, 0, {}
    taken = 0
    for count, pause_ms in steps:
        seen.update({sequence: now_ms for sequence in range(last + 1, last + count + 1)})
        last += count
        batcher.journalled(last, now_ms)
        deadline_ms = batcher.next_deadline_ms()
        if taken < last:
            assert deadline_ms is not None
            assert deadline_ms <= seen[taken + 1] + 1000
        while batcher.due(now_ms):
            taken = min(taken + 100, last)
            batcher.taken(taken, 64 * 100)
        now_ms += pause_ms
    assert batcher.pending == last - taken
