"""Sub-packaged messages: put together, asked for, bounded, and answered after the commit of the whole."""

import os
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.journal.journal import SUBMISSION_MAX
from edge_gateway.session import Budget, House, PackageLimits, SessionLimits
from edge_gateway.session.packages import AGAIN_MS
from protocols.jt808 import fast
from protocols.monitoring.records import BACKFILL, LIVE, MESSAGE, pack_message

from .session_desk import Desk
from .support import answers, body_of

FIRST = 65534  # the serials of a message run over the end


def batch(count=6):
    bodies = [body_of(number) for number in range(count)]
    items = b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
    return bodies, count.to_bytes(2, "big") + b"\1" + items


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_batch_in_packages_is_journalled_like_a_whole_one_and_answered_after_its_commit(edition):
    desk = Desk(edition).log_in()
    bodies, content = batch()
    frames = desk.packages(0x0704, content, FIRST)
    assert len(frames) == 3
    for each in (frames[2], frames[0], frames[2], frames[1]):
        assert desk.say(each) == b"", "a package in memory is not a package on the disk"
    assert desk.journalled[0].reports == [(FIRST, BACKFILL, body) for body in bodies]
    assert desk.commit() == [(0x0704, FIRST, 0), (0x0704, 65535, 0), (0x0704, 0, 0)]
    assert desk.counters["packages_completed"] == desk.counters["packages_repeated"] == 1


def test_a_package_that_comes_again_after_the_commit_is_answered_by_the_journal_once_more():
    desk = Desk().log_in()
    bodies, content = batch()
    frames = desk.packages(0x0704, content, 40)
    desk.say(*frames)
    desk.commit()
    assert desk.say(frames[1], now_ms=5000) == b""
    assert desk.journalled[0].reports == [(40, BACKFILL, body) for body in bodies], "the journal knows them"
    assert desk.commit() == [(0x0704, 40, 0), (0x0704, 41, 0), (0x0704, 42, 0)], "all are on the disk"


def test_one_small_frame_sent_over_and_over_is_not_the_work_of_a_large_message_each_time():
    desk = Desk().log_in()
    _, content = batch(2000)
    frames = desk.packages(0x0704, content, 40, 1000)
    desk.say(*frames)
    desk.commit()
    for second in range(1, 4):
        desk.say(*[frames[0]] * 500, now_ms=second * AGAIN_MS)
        desk.say(*frames, now_ms=second * AGAIN_MS + AGAIN_MS - 1)
        assert sum(each.reports_count for each in desk.journalled) == 2000
        assert len(desk.commit()) == len(frames)


def test_a_message_of_more_reports_than_the_journal_takes_at_once_is_refused_and_costs_no_connection():
    desk = Desk().log_in()
    small = (28).to_bytes(2, "big") + bytes(28)
    content = (SUBMISSION_MAX + 1).to_bytes(2, "big") + b"\1" + small * (SUBMISSION_MAX + 1)
    frames = desk.packages(0x0704, content, 40, 1000)
    refused = answers(desk.say(*frames))
    assert not desk.journalled and {each.result for each in refused} == {3} and len(refused) == len(frames)
    assert desk.session.state == "online"


def test_what_one_read_completes_goes_to_the_journal_in_pieces_that_it_takes():
    desk = Desk().log_in()
    small = (28).to_bytes(2, "big") + bytes(28)
    content = (20_000).to_bytes(2, "big") + b"\1" + small * 20_000
    ends = []
    for first_serial in (0, 1000, 2000):
        *before, last = desk.packages(0x0704, content, first_serial, 1000)
        desk.say(*before)
        ends.append(last)
    desk.say(
        *ends, *[desk.frame(0x0702, bytes.fromhex("02260302100000"), serial) for serial in range(9000, 9100)]
    )
    counts = [each.reports_count for each in desk.journalled]
    assert sum(counts) == 60_100 and max(counts) <= SUBMISSION_MAX
    assert max(len(each.packed) for each in desk.journalled) < 2 * len(content)
    assert len(desk.commit()) == 3 * len(desk.packages(0x0704, content, 0, 1000)) + 100


def test_a_repeat_of_a_message_to_the_command_desk_is_told_once():
    desk = Desk().log_in()
    content = bytes.fromhex("0005 40") + b"".join(
        number.to_bytes(4, "big") + b"\4" + bytes(4) for number in range(64)
    )
    frames = desk.packages(0x0104, content, 3)
    assert desk.say(*frames) == desk.say(frames[0], now_ms=AGAIN_MS) == b""
    assert [event.reply_serial for event in desk.events] == [5]
    assert [each.reports for each in desk.journalled] == [[(3, MESSAGE, pack_message(0x0104, content))]] * 2
    assert desk.commit() == [], "an answer is not answered"


def test_a_long_position_and_another_message_in_packages():
    desk = Desk().log_in()
    desk.say(*desk.packages(0x0200, body_of(1, 250), 7), *desk.packages(0x0900, b"\xf7" + b"x" * 300, 20))
    (submission,) = desk.journalled
    assert submission.reports[0] == (7, LIVE, body_of(1, 250))
    assert submission.reports[1] == (20, MESSAGE, pack_message(0x0900, b"\xf7" + b"x" * 300))
    assert [brief[1] for brief in desk.commit()] == [7, 8, 9, 20, 21, 22, 23]


@pytest.mark.parametrize(("edition", "count"), [(2013, "02"), (2019, "0002")])
def test_missing_packages_are_asked_for_on_time_and_three_times(edition, count):
    desk = Desk(edition).log_in()
    frames = desk.packages(0x0704, batch(12)[1], 100)
    assert len(frames) == 5
    desk.say(frames[0], frames[2], frames[4], now_ms=1000)
    assert desk.tick(5999) == []
    for now_ms in (6000, 11000, 16000):
        ((header, content),) = desk.tick(now_ms)
        assert header.message_id == 0x8003
        assert content.hex() == "0064" + count + "00020004"
        assert header.phone == desk.phone and desk.tick(now_ms + 4999) == []
    assert desk.tick(25000) == []
    desk.say(frames[1], frames[3], now_ms=26000)
    assert len(desk.commit()) == 5


def test_2011_has_no_way_to_ask_and_a_terminal_that_never_answers_is_not_asked():
    from protocols.jt808.quirks import parse_profile

    profile = parse_profile({"maker": "M", "model": "T", "never_answers": ["0x8003"]})
    for desk in (
        Desk(2011).log_in(),
        Desk(2013, house=House(profile_of=lambda identity, device: profile)).log_in(),
    ):
        desk.say(desk.packages(0x0704, batch()[1], 100)[0])
        assert desk.tick(6000) == [] and desk.counters["packages_asked_for"] == 0


def test_a_message_that_never_gets_whole_is_given_up_and_can_begin_anew():
    desk = Desk().log_in()
    frames = desk.packages(0x0704, batch()[1], 100)
    desk.say(*frames[:2])
    assert len(desk.tick(5000)) == 1
    desk.tick(30000)
    assert desk.counters["packages_expired"] == 1
    desk.say(frames[2], now_ms=31000)
    assert not desk.journalled and desk.session.house.budget.used > 0
    desk.say(*frames[:2], now_ms=32000)
    assert len(desk.commit()) == 3


def test_what_is_bad_as_a_whole_is_refused_for_each_package():
    desk = Desk().log_in()
    content = batch()[1]
    said = desk.say(*desk.packages(0x0704, content[:-1], 5))
    assert [answer.brief for answer in answers(said)] == [(0x0704, serial, 2) for serial in (5, 6, 7)]
    assert not desk.journalled


def test_terminals_that_wait_for_each_answer_get_it_when_that_is_allowed():
    limits = SessionLimits(packages=PackageLimits(answers="each"))
    desk = Desk(limits=limits).log_in()
    frames = desk.packages(0x0704, batch()[1], 5)
    assert desk.say(frames[0]) == b"", "it may be on its way with the others"
    (answer,) = answers(desk.say(frames[0], now_ms=5000))
    assert answer.brief == (0x0704, 5, 0) and desk.counters["packages_answered_early"] == 1
    desk.say(frames[1])
    assert len(answers(desk.say(frames[1]))) == 1
    assert desk.say(frames[2]) == b"", "the last one waits for the commit in any case"
    assert len(desk.commit()) == 3


def test_one_terminals_flood_is_bounded_and_all_terminals_share_a_bound():
    budget, counters = Budget(10_000), Counter()  # ten packages, and each terminal may hold four
    limits = SessionLimits(packages=PackageLimits(sets=4, bytes_max=6000))
    desks = [Desk(limits=limits, house=House(budget=budget), counters=counters).log_in() for _ in range(3)]
    for number in range(200):
        for desk in desks:
            desk.say(desk.packages(0x0900, bytes(3000), number * 40, size=900)[number % 3])
            assert budget.used <= 10_000
    assert counters["refused_no_room"] and not counters["packages_discarded"]
    desks[2].session.closed()  # its two packages make room for two of the others, which is all they want
    for number in range(200):
        desks[0].say(desks[0].packages(0x0900, bytes(3000), number * 40, size=900)[0])
    assert counters["packages_discarded"]
    for desk in desks:
        desk.session.closed()
    assert budget.used == 0


def test_strangers_and_session_control_have_no_packages():
    desk = Desk()
    (answer,) = answers(desk.say(desk.packages(0x0704, batch()[1], 5)[0]))
    assert answer.result == 1
    desk.log_in()
    (answer,) = answers(desk.say(desk.packages(0x0102, bytes(200), 5)[0]))
    assert answer.brief == (0x0102, 5, 3)


def test_a_takeover_leaves_nothing_behind():
    house = House(budget=Budget())
    desk = Desk(house=house).log_in()
    desk.say(*desk.packages(0x0704, batch()[1], 5)[:2])
    assert house.budget.used
    desk.say(desk.frame(0x0003))
    assert house.budget.used == 0
    desk.session.closed()
    assert house.budget.used == 0


@given(data=st.data())
def test_whatever_the_order_nothing_is_answered_before_it_is_whole(data):
    """Packages of several messages, shuffled, repeated and lost: each whole one is journalled at its end."""
    desk = Desk().log_in()
    sizes = data.draw(st.lists(st.integers(101, 700), min_size=1, max_size=4))
    contents = {number * 50: bytes([number]) * size for number, size in enumerate(sizes, 1)}
    frames = [
        (first, index, each)
        for first, content in contents.items()
        for index, each in enumerate(desk.packages(0x0900, content, first))
    ]
    order = data.draw(st.lists(st.sampled_from(frames), max_size=40))
    seen = {first: set() for first in contents}
    for first, index, each in order:
        assert desk.say(each) == b""
        seen[first].add(index)
        total = -(-len(contents[first]) // 100)
        taken = [report for submission in desk.journalled for report in submission.reports]
        if len(seen[first]) == total:
            assert (first, MESSAGE, pack_message(0x0900, contents[first])) in taken
        else:
            assert all(serial != first for serial, _, _ in taken)
    whole = [first for first in contents if len(seen[first]) == -(-len(contents[first]) // 100)]
    assert {answer[1] for answer in desk.commit()} == {
        first + index for first in whole for index in seen[first]
    }


@pytest.mark.parametrize("edition", [2013, 2019])
def test_any_bytes_in_packages_harm_nobody(edition):
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    dice = random.Random(seed)
    desk = Desk(edition).log_in()
    ids = [0x0704, 0x0104, 0x0801, 0x0900, 0x0702, 0x0802, 0x0701, 0x0200]
    for now_ms in range(0, 60_000, 50):
        message_id, size = dice.choice(ids), dice.randrange(101, 400)
        frames = desk.packages(message_id, dice.randbytes(size), dice.randrange(65536))
        for each in frames if dice.random() < 0.7 else frames[: dice.randrange(len(frames))]:
            desk.say(each, now_ms=now_ms)
        desk.tick(now_ms)
    assert desk.session.house.budget.used <= 8 * 1024 * 1024
    assert desk.counters["packages_completed"] and fast.knows(0x0704, edition)
    desk.session.closed()
