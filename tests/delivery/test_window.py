"""Bounded, out of order, contiguous cursor, resend with back-off. No clock, no broker."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.delivery.window import InFlight, Window


def make(size: int = 4, cursor: int = 0) -> Window:
    return Window(size, 1000, cursor, lambda: 0.0)


def batch_of(first: int, last: int, now_ms: int = 0, **more: Any) -> InFlight:
    values = {"count": last - first + 1, "messages": [("t", b"x")], "digest": "", "now_ms": now_ms} | more
    return InFlight(f"gw/{first}/{last - first + 1}", first, last, **values)


def add(window: Window, count: int = 10, now_ms: int = 0) -> InFlight:
    """The batch behind those that were added last."""
    ends = [batch.last for batch in window.due(10**9)] + [last for _, last in window.ahead]
    first = max([window.cursor, *ends]) + 1
    batch = batch_of(first, first + count - 1, now_ms)
    window.add(batch)
    return batch


def send_due(window: Window, now_ms: int) -> list[str]:
    due = window.due(now_ms)
    for batch in due:
        window.sent(batch, now_ms)
    return [batch.name for batch in due]


def test_the_cursor_waits_for_the_gap() -> None:
    window = make(cursor=100)
    first, second, third = add(window), add(window), add(window)
    window.settle(third)
    window.settle(second)
    assert window.cursor == 100
    window.settle(first)
    assert window.cursor == 130
    assert window.in_flight == 0
    assert window.find(first.name) is None


def test_the_window_is_bounded() -> None:
    window = make(size=2)
    add(window), add(window)
    assert not window.has_room


def test_confirmations_run_ahead_of_a_lost_batch_and_are_remembered() -> None:
    window = make(size=2)
    lost = add(window)
    for _ in range(50):
        window.settle(add(window))
    assert (window.cursor, window.ahead, window.confirmed_ahead) == (0, ((11, 510),), 500)
    window.settle(lost)
    assert (window.cursor, window.ahead) == (510, ())


def test_a_batch_that_is_here_or_confirmed_is_refused() -> None:
    window = make(cursor=10)
    add(window)
    window.settle(add(window))
    for first, last in ((5, 10), (12, 20), (20, 25)):
        with pytest.raises(ValueError):
            window.add(batch_of(first, last))
    window.add(batch_of(31, 32))


def test_it_begins_behind_what_was_confirmed_ahead() -> None:
    window = Window(4, 1000, 10, lambda: 0.0, [(21, 30)])
    gap = add_gap(window, 11, 20)
    window.settle(gap)
    assert (window.cursor, window.ahead) == (30, ())


def add_gap(window: Window, first: int, last: int, live: bool = False) -> InFlight:
    batch = batch_of(first, last, live=live)
    window.add(batch)
    return batch


def test_a_backlog_leaves_room_for_what_is_new() -> None:
    window = make(size=4)
    assert window.room_for_backlog(1, 100)
    for first in (1, 11, 21):
        add_gap(window, first, first + 9)
    assert window.has_room and not window.room_for_backlog(1, 100)
    add_gap(window, 1001, 1005, live=True)
    assert not window.has_room
    assert [batch.first for batch in window.due(0)] == [1001, 1, 11, 21]


def test_a_backlog_is_paced_by_records() -> None:
    window = make(size=10)
    add_gap(window, 1, 60)
    assert window.room_for_backlog(1, 61)
    assert not window.room_for_backlog(1, 60)


def test_what_is_given_up_is_counted_and_the_rest_goes_on() -> None:
    window = make(size=10)
    first, second, third = add(window), add(window), add(window)
    window.settle(second)
    assert window.give_up(25) == (20, 10), "the third goes beyond and stays"
    assert (window.cursor, window.in_flight, first.settled) == (20, 1, True)
    window.settle(first)
    window.settle(third)
    assert window.cursor == 30
    assert window.give_up(7) == (30, 0)


def test_no_confirmation_means_sent_again_ever_more_slowly() -> None:
    window = make()
    name = add(window).name
    sent_at = [now_ms for now_ms in range(0, 40_001, 100) if send_due(window, now_ms) == [name]]
    assert sent_at == [0, 1000, 3000, 7000, 15_000, 23_000, 31_000, 39_000]


def test_a_new_link_sends_at_once_what_the_broker_lacks() -> None:
    window = make()
    at_broker, lost = add(window), add(window)
    send_due(window, 0)
    at_broker.at_broker = True
    window.link_opened(900)
    assert send_due(window, 900) == [lost.name]
    assert window.next_deadline_ms() == 1900, "the broker has the other one: its receipt gets its time"


def test_settling_frees_the_bytes_and_is_idempotent() -> None:
    window = make()
    add(window)
    second = add(window)
    window.settle(second)
    window.settle(second)
    assert second.payload == b"" and second.size == 0
    assert window.in_flight == 1


def test_jitter_only_lengthens() -> None:
    dice = random.Random(5)
    window = Window(4, 1000, 0, dice.random)
    batch = add(window)
    window.sent(batch, 0)
    assert 1000 < batch.due_ms <= 1250


@given(st.permutations(range(6)))
def test_any_order_of_confirmation_ends_at_the_same_cursor(order: list[int]) -> None:
    window = make(size=6)
    batches = [add(window, count=at + 1) for at in range(6)]
    settled: set[int] = set()
    for at in order:
        window.settle(batches[at])
        settled.add(at)
        whole = next((gap for gap in range(6) if gap not in settled), 6)
        assert window.cursor == (batches[whole - 1].last if whole else 0)
