"""Packages put together, asked for, cut and sent again."""

import harness

from protocols.wire.errors import LocalProtocolError, RemoteProtocolError
from protocols.wire.framing import open_frame
from protocols.wire.header import parse_header
from protocols.wire.reassembly import PIECE_COST_BYTES, Reassembly, SentBuffer, split_frames

PHONE = b"\x01\x38\x00\x13\x80\x00"
BODY = bytes(range(256)) * 10


def packages(body=BODY, serial=0xFFFE, message_id=0x0801, piece_bytes=1000):
    """[(header, piece)] of a body, as the receiver sees them."""
    found = []
    for frame in split_frames(message_id, body, PHONE, serial, 1, piece_bytes):
        payload = open_frame(frame[1:-1])
        header = parse_header(payload)
        found.append((header, payload[header.body_at :]))
    return found


def check_cut_with_serials_that_follow_each_other_over_the_end():
    cut = packages()
    assert [(header.serial, header.number, header.total) for header, _ in cut] == [
        (0xFFFE, 1, 3),
        (0xFFFF, 2, 3),
        (0, 3, 3),
    ]
    assert [len(piece) for _, piece in cut] == [1000, 1000, 560]
    assert [header.total for header, _ in packages(b"short")] == [0]
    assert [len(piece) for _, piece in packages(b"x" * 1023, piece_bytes=1023)] == [1023]
    harness.raised(LocalProtocolError, list, split_frames(1, b"x" * 65536, PHONE, 0, 1, 1))


def check_any_order_and_repeats():
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 1, 2, 2, 0)):
        assembly = Reassembly()
        cut = packages()
        results = [assembly.add("t", cut[index][0], cut[index][1], 0) for index in order]
        assert results[-1] == BODY and results[:-1] == [None] * (len(order) - 1)
        assert assembly.open_count() == 0 and assembly.open_bytes() == 0
        assert assembly.counters["repeated"] == len(order) - 3


def check_a_finished_message_that_comes_again_opens_nothing():
    assembly = Reassembly(idle_ms=100)
    cut = packages()
    for header, piece in cut + cut:
        assembly.add("t", header, piece, 0)
    assert assembly.counters["completed"] == 1 and assembly.counters["repeated"] == 3
    other = packages(b"y" * 2560)  # another message under the same serials: the sender began again
    assert [assembly.add("t", header, piece, 1) for header, piece in other][-1] == b"y" * 2560
    assembly.tick(200)
    assert [assembly.add("t", header, piece, 200) for header, piece in cut][-1] == BODY


def check_messages_and_terminals_are_kept_apart():
    assembly = Reassembly()
    one, two = packages(serial=5), packages(b"z" * 2560, serial=50)
    for index in range(2):
        for terminal in ("a", "b"):
            assert assembly.add(terminal, one[index][0], one[index][1], 0) is None
            assert assembly.add(terminal, two[index][0], two[index][1], 0) is None
    assert assembly.open_count() == 4
    assert assembly.add("a", two[2][0], two[2][1], 0) == b"z" * 2560
    assert assembly.add("b", one[2][0], one[2][1], 0) == BODY
    assembly.forget("a")
    assert assembly.open_count() == 1


def check_what_is_missing_is_asked_for_on_a_timer():
    assembly = Reassembly(idle_ms=1000, ask_ms=100, asks=2)
    assert assembly.next_deadline_ms() is None
    cut = packages(serial=7, piece_bytes=300)  # nine packages
    for index in (1, 4):
        assembly.add("t", cut[index][0], cut[index][1], 0)
    assert assembly.tick(99) == [] and assembly.next_deadline_ms() == 100
    asked = assembly.tick(100)
    assert len(asked) == 1 and asked[0].terminal == "t" and asked[0].message_id == 0x0801
    assert asked[0].first_serial == 7 and asked[0].numbers == [1, 3, 4, 6, 7, 8, 9]
    assert assembly.tick(150) == [] and len(assembly.tick(200)) == 1 and assembly.tick(300) == []
    assembly.add("t", cut[0][0], cut[0][1], 400)  # a new package, so it is worth asking again
    assert assembly.tick(500)[0].numbers == [3, 4, 6, 7, 8, 9]
    assert assembly.next_deadline_ms() == 600
    assert assembly.tick(1400) == [] and assembly.open_count() == 0
    assert assembly.counters["expired"] == 1


def check_a_message_that_drips_is_given_up_at_its_age():
    assembly = Reassembly(idle_ms=100, age_ms=250, asks=0)
    cut = packages(piece_bytes=300)
    for index in range(4):
        assembly.add("t", cut[index][0], cut[index][1], 80 * index)
        assert assembly.tick(80 * index) == []
    assert assembly.next_deadline_ms() == 250
    assembly.tick(249)
    assert assembly.open_count() == 1
    assembly.tick(250)
    assert assembly.open_count() == 0 and assembly.open_bytes() == 0 and assembly.counters["expired"] == 1


def check_what_is_remembered_of_finished_messages_goes_with_time():
    assembly = Reassembly(idle_ms=100)
    for terminal in range(20):
        for header, piece in packages():
            assembly.add(terminal, header, piece, 60 * terminal)
        assert len(assembly._done) <= 2
    assembly.tick(5000)
    assert assembly.counters["completed"] == 20 and len(assembly._done) == 0


def check_a_request_names_at_most_255_packages():
    assembly = Reassembly(ask_ms=1)
    header, piece = packages(b"x" * 1000, piece_bytes=1)[500]
    assembly.add("t", header, piece, 0)
    assert assembly.tick(1)[0].numbers == list(range(1, 256))


def check_the_number_of_messages_is_bounded():
    assembly = Reassembly(sets=2)
    for number in range(3):
        header, piece = packages(serial=number * 10)[0]
        assembly.add("t", header, piece, number)
    assert assembly.open_count() == 2 and assembly.counters["discarded"] == 1
    header, piece = packages(serial=0)[1]  # the first one was given up, so this begins it anew
    assert assembly.add("t", header, piece, 9) is None and assembly.open_count() == 2


def check_the_bytes_are_bounded():
    cost = 1000 + PIECE_COST_BYTES
    assembly = Reassembly(bytes_max=3 * cost)
    for number in range(4):
        header, piece = packages(serial=number * 10)[0]
        assembly.add(number, header, piece, number)
        assert assembly.open_bytes() <= 3 * cost
    assert assembly.open_count() == 3 and assembly.counters["discarded"] == 1
    small = Reassembly(bytes_max=cost)
    cut = packages()
    small.add("t", cut[0][0], cut[0][1], 0)
    harness.raised(RemoteProtocolError, small.add, "t", cut[1][0], cut[1][1], 0)
    assert small.open_count() == 0 and small.open_bytes() == 0 and small.counters["refused"] == 1


def check_impossible_numbers():
    assembly = Reassembly()
    header, piece = packages()[0]
    for number, total in ((0, 3), (4, 3), (0, 0), (1, 0)):
        header.number, header.total = number, total
        error = harness.raised(RemoteProtocolError, assembly.add, "t", header, piece, 0)
        assert error.field == "number" and error.message_id == 0x0801
    assert assembly.counters["refused"] == 4
    header.number = header.total = 1
    assert assembly.add("t", header, piece, 0) == piece


def check_another_total_begins_anew():
    assembly = Reassembly()
    cut = packages()
    assembly.add("t", cut[0][0], cut[0][1], 0)
    shorter = packages(BODY[:1500])
    assert assembly.add("t", shorter[0][0], shorter[0][1], 1) is None
    assert assembly.add("t", shorter[1][0], shorter[1][1], 1) == BODY[:1500]
    assert assembly.counters["restarted"] == 1


def check_sent_packages_are_served_again_byte_for_byte():
    buffer = SentBuffer()
    frames = list(split_frames(0x8108, BODY, PHONE, 3, 1, 600))
    assert buffer.remember(3, frames)
    assert buffer.serve(3, [5, 2, 2, 99, 0]) == [frames[1], frames[4]]
    assert buffer.serve(4, [1]) == []
    buffer.forget(3)
    assert buffer.serve(3, [1]) == []


def check_the_sent_buffer_is_bounded():
    buffer = SentBuffer(bytes_max=100, messages_max=2)
    assert not buffer.remember(1, [b"x" * 101])
    assert buffer.remember(1, [b"a" * 40]) and buffer.remember(2, [b"b" * 40])
    assert buffer.remember(3, [b"c" * 40]) and buffer.serve(1, [1]) == []
    assert buffer.serve(2, [1]) == [b"b" * 40]
    assert buffer.remember(2, [b"d" * 40]) and buffer.serve(2, [1]) == [b"d" * 40]
    assert buffer.remember(4, [b"e"]) and buffer.serve(3, [1]) == []


harness.run(globals())
