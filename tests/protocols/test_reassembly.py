"""Packages on a bad road: lost, doubled, shuffled, they give the body, or nothing, and never another one."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import open_frame
from protocols.wire.header import Header, parse_header
from protocols.wire.reassembly import Reassembly, SentBuffer, split_frames

PHONE = bytes.fromhex("00000000013800138000")


def read(frame: bytes) -> tuple[Header, bytes]:
    payload = open_frame(frame[1:-1])
    header = parse_header(payload)
    return header, payload[header.body_at :]


@settings(deadline=None)
@given(st.binary(min_size=2, max_size=300), st.integers(0, 0xFFFF), st.integers(1, 40), st.data())
def test_whatever_is_lost_comes_when_it_is_asked_for(body, serial, piece_bytes, data):
    frames = list(split_frames(0x0704, body, PHONE, serial, size=piece_bytes))
    if len(frames) == 1:
        return
    sent, assembly = SentBuffer(), Reassembly(ask_ms=10, idle_ms=1000)
    assert sent.remember(serial, frames)
    arriving = data.draw(st.lists(st.sampled_from(frames), min_size=1))
    whole, now = None, 0
    while whole is None:
        for frame in arriving:
            whole = assembly.add("t", *read(frame), now) or whole
        now += 10
        arriving = [
            frame
            for missing in assembly.tick(now)
            for frame in sent.serve(missing.first_serial, missing.numbers)
        ]
        assert arriving or whole is not None
    assert whole == body and assembly.open_bytes() == 0


@settings(deadline=None)
@given(st.data())
def test_messages_mixed_up_come_out_unmixed_within_the_bounds(data):
    bodies = data.draw(st.lists(st.binary(min_size=20, max_size=90), min_size=1, max_size=6))
    frames = [
        (terminal, frame)
        for number, body in enumerate(bodies)
        for terminal in range(2)
        for frame in split_frames(0x0801, body, PHONE, number * 100, size=10)
    ]
    assembly = Reassembly(sets=8, bytes_max=100_000)
    found = []
    for terminal, frame in data.draw(st.permutations(frames)):
        whole = assembly.add(terminal, *read(frame), 0)
        if whole is not None:
            found.append((terminal, whole))
        assert assembly.open_count() <= 16 and assembly.open_bytes() <= 100_000
    assert sorted(found) == sorted((terminal, body) for terminal in range(2) for body in bodies)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(0, 5), st.integers(0, 6), st.integers(0, 6), st.binary(max_size=30)
        ),
        max_size=60,
    )
)
def test_nonsense_raises_only_the_remote_error_and_stays_in_bounds(pieces):
    assembly = Reassembly(sets=2, bytes_max=500, idle_ms=20, ask_ms=5)
    for now, (terminal, serial, number, total, body) in enumerate(pieces):
        header, _ = read(next(split_frames(0x0801, b"xx", PHONE, serial, size=1)))
        header.number, header.total = number, total
        with suppress(RemoteProtocolError):
            assembly.add(terminal, header, body, now)
        assembly.tick(now)
        assert assembly.open_bytes() <= 500 and assembly.open_count() <= 8
    assembly.tick(10_000)
    assert (assembly.open_count(), assembly.open_bytes()) == (0, 0)


@settings(deadline=None)
@given(
    st.integers(2, 600),
    st.integers(0, 0xFFFF),
    st.sets(st.integers(1, 600)),
    st.randoms(use_true_random=False),
)
def test_what_is_asked_for_is_exactly_what_is_not_there(total, serial, lost, dice):
    lost = {number for number in lost if number <= total} or {total}
    frames = list(split_frames(0x0801, bytes(total), PHONE, serial, size=1))
    assert [read(frame)[0].serial for frame in frames] == [(serial + at) % 65536 for at in range(total)]
    arriving = [frame for number, frame in enumerate(frames, 1) if number not in lost]
    dice.shuffle(arriving)
    assembly = Reassembly(ask_ms=10)
    for frame in arriving:
        assert assembly.add("t", *read(frame), 0) is None
    asked = assembly.tick(10)
    if not arriving:
        assert asked == [] and assembly.next_deadline_ms() is None
        return
    wanted = sorted(lost)[:255]
    assert [(each.message_id, each.first_serial, each.numbers) for each in asked] == [
        (0x0801, serial, wanted)
    ]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5), st.integers(1, 40), st.booleans()), max_size=40)
)
def test_the_sent_buffer_serves_what_was_sent_last_or_nothing(steps):
    buffer, sent = SentBuffer(bytes_max=400, messages_max=3), {}
    for serial, count, size, acknowledged in steps:
        if acknowledged:
            buffer.forget(serial)
            sent.pop(serial, None)
            assert buffer.serve(serial, range(1, 9)) == []
            continue
        frames = [bytes([number]) * size for number in range(1, count + 1)]
        kept = buffer.remember(serial, frames)
        assert kept == (count * size <= 400)
        sent[serial] = frames
        assert buffer.serve(serial, range(count, 0, -1)) == (frames if kept else [])
        served = {each: buffer.serve(each, range(1, 9)) for each in sent}
        assert all(found in ([], sent[each]) for each, found in served.items())
        held = [frame for found in served.values() for frame in found]
        assert sum(map(len, held)) <= 400 and sum(map(bool, served.values())) <= 3


def test_more_packages_than_are_remembered_leave_nothing_behind():
    assembly = Reassembly()
    frames = list(split_frames(0x0801, b"z" * 5000, PHONE, 7, size=1))
    for frame in frames:
        whole = assembly.add("t", *read(frame), 0)
    assert whole == b"z" * 5000 and (assembly.open_count(), assembly.open_bytes()) == (0, 0)
    assert assembly.add("t", *read(frames[0]), 1) is None and assembly.open_count() == 1
    assembly.tick(100_000)
    assert assembly.open_count() == 0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 25), min_size=1, max_size=60), st.integers(50, 400))
def test_no_message_outlives_its_age_however_it_drips(pauses, age):
    assembly, now = Reassembly(idle_ms=30, age_ms=age, ask_ms=5), 0
    frames = list(split_frames(0x0801, bytes(100), PHONE, 0, size=1))
    for frame, pause in zip(frames, pauses, strict=False):
        deadline = assembly.next_deadline_ms()
        assembly.add("t", *read(frame), now)
        now += pause
        assembly.tick(now)
        if assembly.open_count() and deadline is not None:
            assert assembly.next_deadline_ms() > now
        assert not assembly.open_count() or assembly._open[next(iter(assembly._open))].old_at_ms > now
