"""Bounded, out of order, contiguous cursor, resend with back-off. No clock, no broker."""

import random

from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.delivery.window import InFlight, Window


def make(size: int = 4, cursor: int = 0) -> Window:
    return Window(size, 1000, cursor, lambda: 0.0)


def add(window: Window, count: int = 10, now_ms: int = 0) -> InFlight:
    first = window.taken_through + 1
    batch = InFlight(f"gw/{first}/{count}", first, first + count - 1, payload=b"x", digest="", now_ms=now_ms)
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


def test_confirmations_run_ahead_of_a_lost_batch_only_so_far() -> None:
    window = make(size=2)
    add(window)
    batches = 1
    while window.has_room:
        window.settle(add(window))
        batches += 1
    assert batches == 8
    assert window.cursor == 0


def test_a_batch_that_does_not_follow_is_refused() -> None:
    window = make()
    add(window)
    for first in (5, 12):
        try:
            window.add(InFlight("gw/x", first, 20, payload=b"", digest="", now_ms=0))
        except ValueError:
            continue
        raise AssertionError(first)


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
    assert second.payload == b""
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
