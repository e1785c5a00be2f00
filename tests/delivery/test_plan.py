"""Live before backlog, nothing read twice, nothing left out: the plan and the window against a model."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.delivery.pace import BacklogPace, RateLimit
from edge_gateway.delivery.plan import GAPS_MAX, Plan
from edge_gateway.delivery.quota import Quota
from edge_gateway.delivery.spans import Spans
from edge_gateway.delivery.window import Window

from .test_window import batch_of

spans = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)), max_size=12)


@given(spans, st.integers(0, 75), st.integers(1, 75), st.integers(0, 10))
def test_spans_are_a_set_of_sequences(pairs: list, after: int, first: int, more: int) -> None:
    found, model = Spans(), set()
    for start, length in pairs:
        found.add(start, start + length)
        model |= set(range(start, start + length + 1))
    assert {number for low, high in found for number in range(low, high + 1)} == model
    ordered = list(found)
    assert all(a[1] + 1 < b[0] for a, b in pairwise(ordered)), "as few as can be"
    assert found.count == len(model)
    assert found.covers(first, first + more) == (set(range(first, first + more + 1)) <= model)
    end = found.end_of_run(after)
    assert end == after or (set(range(after + 1, end + 1)) <= model and end + 1 not in model)
    missing = {number for low, high in found.gaps(after) for number in range(low, high + 1)}
    assert missing == {number for number in range(after + 1, max(model, default=0)) if number not in model}
    found.remove_through(after)
    assert {number for low, high in found for number in range(low, high + 1)} == {
        number for number in model if number > after
    }


def test_the_live_lane_jumps_over_a_backlog_and_comes_back_to_it() -> None:
    plan = Plan(100, (), jump_at=1000)
    assert not plan.jump(1099) and plan.backlog is None
    assert plan.jump(50_000)
    assert (plan.live_after, plan.backlog, plan.backlog_records) == (50_000, (100, 50_000), 49_900)
    plan.took_backlog(600)
    plan.took_live(50_400)
    assert plan.backlog == (600, 50_000)
    assert plan.jump(60_000)
    plan.took_backlog(50_000)
    assert plan.backlog == (50_400, 60_000)


def test_after_a_start_only_the_gaps_are_read() -> None:
    plan = Plan(10, [(21, 30), (41, 50)], jump_at=5)
    assert (plan.live_after, plan.backlog, plan.backlog_records) == (50, (10, 20), 20)


def test_the_gaps_are_bounded() -> None:
    plan = Plan(0, (), jump_at=10)
    jumps = sum(plan.jump(10 * turn) for turn in range(1, 3 * GAPS_MAX))
    assert jumps == GAPS_MAX == plan.jumps


class Road:
    """A journal of `last` records, with plan and window of a delivery. sent: what was ever taken up and
    not forgotten by a kill."""

    def __init__(self, size: int, jump_at: int) -> None:
        self.size, self.jump_at = size, jump_at
        self.last = 0
        self.sent: list[int] = []
        self.plan, self.window = Plan(0, (), jump_at), Window(size, 1000, 0, lambda: 0.0)

    def kill(self) -> None:
        """Only what was saved is known."""
        cursor, ahead = self.window.cursor, self.window.ahead
        self.sent = [n for n in self.sent if n <= cursor or Spans(ahead).covers(n, n)]
        self.plan = Plan(cursor, ahead, self.jump_at)
        self.window = Window(self.size, 1000, cursor, lambda: 0.0, ahead)

    def send(self, dice: random.Random) -> None:
        self.plan.jump(self.last)
        if self.window.has_room and self.plan.live_after < self.last:
            through = min(self.last, self.plan.live_after + dice.randrange(1, 12))
            self._take(self.plan.live_after, through, live=True)
            self.plan.took_live(through)
        if self.window.has_room and self.plan.backlog:
            after, end = self.plan.backlog
            through = min(end, after + dice.randrange(1, 12))
            self._take(after, through, live=False)
            self.plan.took_backlog(through)

    def confirm(self, dice: random.Random, odds: float) -> None:
        for batch in self.window.due(10**9):
            if dice.random() < odds:
                self.window.settle(batch)

    def _take(self, after: int, through: int, live: bool) -> None:
        self.window.add(batch_of(after + 1, through, live=live))
        self.sent += range(after + 1, through + 1)


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 8), st.integers(2, 30))
def test_whatever_the_order_everything_is_sent_once_and_the_cursor_ends_at_the_end(
    dice: random.Random, size: int, jump_at: int
) -> None:
    """A journal that grows in bursts, batches of odd sizes, confirmations in any order, kills between."""
    road = Road(size, jump_at)
    for _ in range(60):
        road.last += dice.choice((0, 1, 5, 40))
        if dice.random() < 0.05:
            road.kill()
        road.send(dice)
        road.confirm(dice, 0.5)
        assert set(range(1, road.window.cursor + 1)) <= set(road.sent), "the cursor passed what was not sent"
        assert len(road.window.ahead) <= size + GAPS_MAX + 1
    while road.window.cursor < road.last:
        road.send(dice)
        road.confirm(dice, 1.0)
    assert sorted(road.sent) == list(range(1, road.last + 1)), "each exactly once"
    assert (road.window.ahead, road.plan.backlog) == ((), None)


def test_what_is_given_up_unread_is_counted_once() -> None:
    plan = Plan(0, (), jump_at=10)
    plan.jump(100)
    plan.took_backlog(20)
    plan.took_live(130)
    assert plan.give_up(50) == 30
    assert plan.backlog == (50, 100)
    assert plan.give_up(150) == 50 + 20
    assert (plan.backlog, plan.live_after) == (None, 150)


def test_the_pace_of_a_backlog_follows_the_receiver() -> None:
    pace = BacklogPace(500, 8000)
    for _ in range(40):
        pace.confirmed(50)
    assert pace.allowed == 8000
    for _ in range(40):
        pace.confirmed(2000)
    assert pace.allowed == 500


def test_a_rate_is_kept_over_time_and_bursts_are_a_second() -> None:
    rate, sent = RateLimit(100, 0), 0
    for now_ms in range(0, 60_000, 7):
        if not rate.wait_ms(now_ms):
            rate.spend(30)
            sent += 30
    assert 60 * 100 <= sent <= 61 * 100 + 30
    assert RateLimit(0, 0).wait_ms(5) == 0


@pytest.mark.parametrize(("depth", "through"), [(10, 100), (11, 101), (25, 115)])
def test_the_quota_by_bytes_gives_up_what_is_too_much(depth: int, through: int) -> None:
    assert Quota(1000, 0).through(100, 100 + depth, depth, 100.0, 0) == through


def test_the_quota_by_age_gives_up_what_waited_too_long() -> None:
    quota = Quota(0, 60_000)
    assert quota.through(0, 100, 100, 1.0, 0) == 0
    assert quota.through(0, 200, 200, 1.0, 30_000) == 0
    assert quota.through(0, 300, 300, 1.0, 61_000) == 100
    assert quota.through(150, 300, 150, 1.0, 80_000) == 150, "what is confirmed is no concern"
    assert quota.through(150, 300, 150, 1.0, 92_000) == 200


def test_a_quota_of_nothing_keeps_everything() -> None:
    assert Quota(0, 0).through(0, 10**9, 10**9, 100.0, 10**12) == 0
