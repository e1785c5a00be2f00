"""Frames on a stream: escapes, check bytes, splitting, damage."""

import harness

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import (
    ESCAPED_MAX,
    FrameSplitter,
    build_frame,
    escape,
    open_frame,
    unescape,
    xor_of,
)

HEARTBEAT = b"\x7e\x00\x02\x00\x00\x01\x38\x00\x13\x80\x00\x00\x01\xa9\x7e"
PAYLOAD = HEARTBEAT[1:-2]
FULL = (
    b"\x02\x00\x00\x22\x01\x38\x00\x13\x80\x00\x7d\x7e" + b"\x7e\x7d\x01\x02" * 8 + b"\x7d\x7d"
)  # all that is escaped


def check_escapes():
    assert escape(b"\x30\x7e\x08\x7d\x55") == b"\x30\x7d\x02\x08\x7d\x01\x55"
    for data in (b"", b"\x7d", b"\x7e\x7e", b"\x7d\x01\x7d\x02", bytes(range(256))):
        assert unescape(escape(data)) == data
        assert b"\x7e" not in escape(data)


def check_illegal_escapes_name_their_place():
    for data, offset in ((b"\x7d", 0), (b"\x00\x7d\x03", 1), (b"\x7d\x01\x7d\x7d\x02", 2)):
        assert harness.raised(RemoteProtocolError, unescape, data).offset == offset


def check_xor():
    for data in (b"", b"\x5a", bytes(range(256)), b"\xff" * 1024, PAYLOAD):
        expected = 0
        for byte in data:
            expected ^= byte
        assert xor_of(data) == expected


def check_build_and_open():
    assert build_frame(PAYLOAD) == HEARTBEAT
    assert open_frame(HEARTBEAT[1:-1]) == PAYLOAD
    assert open_frame(build_frame(FULL)[1:-1]) == FULL


def check_what_is_no_frame():
    for escaped in (
        b"",
        b"\x00" * 12,
        HEARTBEAT[1:-2] + b"\xa8",
        HEARTBEAT[1:-1] + b"\x00\x00",
        HEARTBEAT[2:-1],
    ):
        harness.raised(RemoteProtocolError, open_frame, escaped)


def check_split_anywhere():
    stream = b"\x12\x34" + HEARTBEAT + HEARTBEAT[1:] + b"\x7e\x7e" + build_frame(FULL)
    for cut in range(len(stream) + 1):
        splitter = FrameSplitter()
        found = splitter.receive(stream[:cut]) + splitter.receive(stream[cut:])
        assert found == [PAYLOAD, PAYLOAD, FULL], cut
        assert splitter.frames == 3 and splitter.rejected == 0 and splitter.garbage_bytes == 2


def check_a_bad_frame_costs_itself():
    bad = HEARTBEAT.replace(b"\xa9", b"\xa8")
    splitter = FrameSplitter()
    assert splitter.receive(HEARTBEAT + bad + HEARTBEAT) == [PAYLOAD, PAYLOAD]
    assert splitter.rejected == 1
    ((error, escaped),) = splitter.rejections()
    assert error.field == "check" and escaped == bad[1:-1]
    assert splitter.rejections() == []


def check_split_and_open_make_receive():
    bad = HEARTBEAT.replace(b"\xa9", b"\xa8")
    splitter = FrameSplitter()
    candidates = splitter.split(b"dirt" + HEARTBEAT + bad + b"\x7e\x7e" + HEARTBEAT[:5])
    assert candidates == [HEARTBEAT[1:-1], bad[1:-1]]
    assert [splitter.open(candidate) for candidate in candidates] == [PAYLOAD, None]
    assert splitter.receive(HEARTBEAT[5:]) == [PAYLOAD]
    assert (splitter.frames, splitter.rejected, splitter.garbage_bytes) == (2, 1, 4)


def check_endless_dirt_is_bounded():
    splitter = FrameSplitter()
    for _ in range(20):
        assert splitter.receive(b"\x00" * 1000) == []
    assert splitter.garbage_bytes == 20000 and splitter.rejected == 0
    splitter.receive(b"\x7e")
    for _ in range(20):
        assert splitter.receive(b"\x00" * 1000) == []
    assert splitter.rejected == 1 and splitter.garbage_bytes > 20000 + ESCAPED_MAX
    assert splitter.receive(b"\x7e" + HEARTBEAT) == [PAYLOAD]


harness.run(globals())
