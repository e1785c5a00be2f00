"""Golden vectors: each frame says what its source says, however the stream is cut."""

import pytest

from protocols.jt808 import codec
from protocols.wire.framing import FrameSplitter, build_frame, escape, open_frame, unescape
from tests.vectors import load

FRAMES = load("frames")
GARBAGE = bytes.fromhex("00ff7d0313")  # no delimiter, and an illegal escape inside


def frame_of(vector: dict) -> bytes:
    return bytes.fromhex(vector["frame"])


def ids(vector: dict) -> str:
    return vector["name"].replace(" ", "-")


@pytest.mark.parametrize("vector", FRAMES, ids=ids)
def test_decodes_to_what_its_source_says(vector):
    assert codec.decode_payload(open_frame(frame_of(vector)[1:-1])) == vector["message"]


@pytest.mark.parametrize("vector", FRAMES, ids=ids)
def test_encodes_to_the_same_bytes(vector):
    assert codec.encode_message(vector["message"]) == frame_of(vector)


@pytest.mark.parametrize("vector", load("escapes"), ids=ids)
def test_escapes(vector):
    data, escaped = bytes.fromhex(vector["bytes"]), bytes.fromhex(vector["frame"])[1:-1]
    assert escape(data) == escaped and unescape(escaped) == data


@pytest.mark.parametrize("vector", FRAMES, ids=ids)
@pytest.mark.parametrize("garbage", [b"", GARBAGE], ids=["clean", "garbage"])
def test_split_at_every_byte_gives_the_same_frames(vector, garbage):
    frame = frame_of(vector)
    payload = open_frame(frame[1:-1])
    stream = garbage + frame + garbage + frame + frame[1:]  # the last two share a delimiter
    for cut in range(len(stream) + 1):
        splitter = FrameSplitter()
        assert splitter.receive(stream[:cut]) + splitter.receive(stream[cut:]) == [payload] * 3
        assert splitter.frames == 3 and splitter.rejected == (1 if garbage else 0)


@pytest.mark.parametrize("vector", FRAMES, ids=ids)
def test_byte_by_byte_with_garbage_between(vector):
    frame = frame_of(vector)
    splitter = FrameSplitter()
    found = []
    for byte in GARBAGE + frame + GARBAGE + frame + b"\x7e\x7e" + frame:
        found += splitter.receive(bytes([byte]))
    assert found == [open_frame(frame[1:-1])] * 3


@pytest.mark.parametrize("vector", FRAMES, ids=ids)
def test_a_lost_delimiter_costs_no_more_than_the_frames_beside_it(vector):
    frame = frame_of(vector)
    splitter = FrameSplitter()
    found = splitter.receive(frame + frame[1:-1] + frame + frame)
    assert len(found) == 4  # delimiters are shared, so this loss costs nothing
    splitter = FrameSplitter()
    assert len(splitter.receive(frame + frame[:-1] + frame[1:-1] + b"\x7e" + frame)) == 2
    assert splitter.rejected == 1


@pytest.mark.parametrize("vector", FRAMES, ids=ids)
def test_every_single_bit_error_is_noticed(vector):
    frame = frame_of(vector)
    payload = open_frame(frame[1:-1])
    for at in range(1, len(frame) - 1):
        for bit in range(8):
            damaged = bytearray(frame)
            damaged[at] ^= 1 << bit
            assert payload not in FrameSplitter().receive(bytes(damaged))


@pytest.mark.parametrize("vector", load("retry_waits"), ids=ids)
def test_the_waits_of_the_standard_grow_by_factorials(vector):
    waits = [vector["answer_timeout_s"]]
    for sent_again in range(1, vector["retransmissions"] + 1):
        waits.append(waits[-1] * (sent_again + 1))
    assert waits == vector["waits_s"]


def test_frames_are_built_as_they_were_read():
    for vector in FRAMES:
        assert build_frame(open_frame(frame_of(vector)[1:-1])) == frame_of(vector)
