"""Frames and file blocks on one connection, however it is cut and whatever else is on it."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.jt808.attachment_stream import DATA_MAX, HEAD_BYTES, MARKER, AttachmentStream, FileBlock
from protocols.wire.framing import ESCAPED_MAX, build_frame
from protocols.wire.header import build_header
from tests.vectors import load

PHONE = bytes.fromhex("013800138000")
NAME = b"00_65_6503_0_T0000001.jpg"


def frame(serial: int, body: bytes = b"") -> tuple[bytes, bytes]:
    """(bytes, payload)"""
    payload = build_header(0x1212, len(body), PHONE, serial) + body
    return build_frame(payload), payload


def block(data: bytes, offset: int = 0, name: bytes = NAME) -> tuple[bytes, FileBlock]:
    """(bytes, block)"""
    name = name.ljust(50, b"\0")
    head = MARKER + name + offset.to_bytes(4, "big") + len(data).to_bytes(4, "big")
    return head + data, FileBlock(name, offset, data)


FRAMES = st.builds(frame, st.integers(0, 0xFFFF), st.binary(max_size=40))
TRICKY = st.sampled_from([b"\x7e", b"\x7d", b"0", b"01c", MARKER, b"\x7e\x7e", b"", MARKER * 20])
BLOCKS = st.builds(
    block, st.one_of(st.binary(max_size=90), TRICKY), st.integers(0, 0xFFFF), st.binary(max_size=50)
)
DIRT = st.one_of(st.binary(max_size=90), TRICKY)


def split(stream: bytes, cuts: list[int], **options: int) -> tuple[list, AttachmentStream]:
    """What comes out of the stream, cut at these places."""
    splitter, found, last = AttachmentStream(**options), [], 0
    for cut in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        found += splitter.receive(stream[last:cut])
        last = cut
    return found, splitter


def counters(splitter: AttachmentStream) -> tuple:
    return splitter.frames, splitter.blocks, splitter.rejected, [str(e) for e in splitter.rejections()]


def test_a_vector_built_by_hand():
    for vector in load("attachments"):
        found, splitter = split(bytes.fromhex(vector["stream"]), [])
        shown = [
            {"name": each.name.rstrip(b"\0").decode(), "offset": each.offset, "data": each.data.hex()}
            if isinstance(each, FileBlock)
            else {"payload": each.hex()}
            for each in found
        ]
        assert shown == vector["found"], json.dumps(shown)
        assert splitter.rejected == splitter.garbage_bytes == 0


@given(st.lists(st.one_of(FRAMES, BLOCKS), max_size=8), st.lists(st.integers(0, 4000), max_size=12))
def test_any_mix_in_any_split(parts, cuts):
    found, splitter = split(b"".join(data for data, _ in parts), cuts)
    assert found == [value for _, value in parts]
    assert splitter.rejected == splitter.garbage_bytes == 0


@settings(max_examples=300)
@given(
    st.lists(st.one_of(FRAMES.map(lambda p: p[0]), BLOCKS.map(lambda p: p[0]), DIRT), max_size=8), st.data()
)
def test_dirt_reads_the_same_however_it_is_cut(parts, data):
    stream = b"".join(parts)
    whole, one = split(stream, [], data_max=60)
    cut, other = split(stream, data.draw(st.lists(st.integers(0, 2000), max_size=12)), data_max=60)
    single, third = split(stream, list(range(len(stream))), data_max=60)
    assert whole == cut == single
    assert counters(one) == counters(other) == counters(third)


def test_after_dirt_the_next_frame_and_block_are_found():
    dirt = b"\x00\x01abc\x7d" * 9
    good, payload = frame(7)
    data, value = block(b"\x7e\x7d" * 30, 64)
    found, splitter = split(dirt + good + good[1:] + dirt + data + dirt + good + data, [])
    # The dirt behind a closing delimiter could be a frame that shares it, so it takes the block with it.
    assert found[:2] == [payload] * 2 and found[-2:] == [payload, value]
    assert splitter.rejected >= 1


def test_what_is_too_large_is_refused_and_reading_goes_on():
    data, value = block(b"a" * DATA_MAX)
    assert split(data, [])[0] == [value]
    good, payload = frame(1)
    found, splitter = split(block(b"a" * (DATA_MAX + 1))[0] + good, [])
    assert found == [payload] and (splitter.rejected, splitter.garbage_bytes) == (1, DATA_MAX + 1)
    assert split(block(b"abc", 0xFFFFFFFE)[0] + good, [])[0] == [payload]


def test_nothing_makes_it_hold_more_than_one_block():
    for endless in (b"\x7e" + b"a" * 1000, b"0" * 1000, b"01c" * 400, MARKER + b"\xff" * 900, b"\x7e0" * 500):
        splitter = AttachmentStream(data_max=1000)
        for _ in range(200):
            splitter.receive(endless)
            assert len(splitter._held) <= max(HEAD_BYTES + 1000, ESCAPED_MAX + len(MARKER))
    assert len(splitter.rejections()) <= 8
