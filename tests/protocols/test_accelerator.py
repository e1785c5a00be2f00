"""Both twins of the stream splitter give the same for the same bytes: payloads, counters, refusals."""

import gc
import os
import random
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import ESCAPED_MAX, FrameSplitter, PortableSplitter, build_frame, escape, xor_of

from . import coverage
from .twins import TWINS, needs_accelerator, refusals, state

FRAMES = [frame for frames in coverage.frames().values() for frame in frames]
HEARTBEAT = bytes.fromhex("7e0002000001380013800000 01a97e")
PROPERTY = settings(max_examples=400, deadline=None, print_blob=True)


def checked(data: bytes) -> bytes:
    """Between delimiters, with a right check byte, whatever the data is."""
    return b"\x7e" + escape(data + bytes([xor_of(data)])) + b"\x7e"


pieces = st.one_of(
    st.sampled_from(FRAMES),
    st.sampled_from([b"\x7e", b"\x7d", b"\x7d\x01", b"\x7d\x02", b"\x7d\x7e", b"\x7e\x7e", b"\x00"]),
    st.binary(max_size=40),
    st.binary(max_size=60).map(checked),
    st.integers(0, 2 * ESCAPED_MAX).map(lambda size: b"\x01" * size),
    st.integers(0, 1100).map(lambda size: checked(b"\x00\x02" + size.to_bytes(2, "big") + bytes(size + 8))),
    st.integers(0, 1100).map(lambda size: checked(b"\x7d\x7e" + size.to_bytes(2, "big") + b"\x7e" * size)),
)
streams = st.lists(pieces, max_size=12).map(b"".join)


def feed(twins, cuts: list[bytes]) -> None:
    """Every call gives the same, and leaves the same behind."""
    for chunk in cuts:
        first, second = [twin.receive(chunk) for twin in twins]
        assert first == second and all(type(payload) is bytes for payload in second)
        assert state(twins[0]) == state(twins[1])
    assert refusals(twins[0]) == refusals(twins[1])


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@needs_accelerator
@PROPERTY
@given(streams, st.lists(st.integers(0, 2**31), max_size=8), st.sampled_from([0, 1, 3, 8, -1]))
def test_twins_agree_on_any_stream_cut_anywhere(stream, places, kept):
    feed([PortableSplitter(kept), FrameSplitter(kept)], cut(stream, places))


@needs_accelerator
@PROPERTY
@given(streams)
def test_twins_agree_byte_by_byte(stream):
    feed([PortableSplitter(), FrameSplitter()], [stream[at : at + 1] for at in range(min(len(stream), 3000))])


@needs_accelerator
@PROPERTY
@given(streams, st.lists(st.integers(0, 2**31), max_size=5), st.lists(st.binary(max_size=30), max_size=3))
def test_twins_split_and_open_alike(stream, places, strangers):
    twins = [PortableSplitter(), FrameSplitter()]
    for chunk in cut(stream, places):
        first, second = [twin.split(chunk) for twin in twins]
        assert first == second
        for candidate in [*first, *strangers]:
            assert twins[0].open(candidate) == twins[1].open(candidate)
        assert state(twins[0]) == state(twins[1])
    assert refusals(twins[0]) == refusals(twins[1])


@needs_accelerator
def test_twins_agree_on_mutated_frames():
    mutations(20_000)


@needs_accelerator
@pytest.mark.soak
def test_twins_agree_on_many_mutated_frames():
    mutations(int(os.environ.get("MUTATIONS", "1000000")))


def mutations(count: int) -> None:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed} (SEED={seed} repeats this run of {count} mutations)")
    dice = random.Random(seed)
    twins = [PortableSplitter(), FrameSplitter()]
    for _ in range(count):
        data = bytearray(dice.choice(FRAMES))
        for _ in range(dice.randrange(4)):
            at = dice.randrange(len(data))
            data[at : at + dice.randrange(3)] = dice.choice(
                (b"", b"\x7d", b"\x7e", b"\xff", dice.randbytes(2))
            )
        feed(twins, cut(bytes(data), [dice.randrange(2**31)] * dice.randrange(2)))
    assert twins[0].frames > count // 5 and twins[0].rejected > count // 5


@pytest.mark.parametrize("twin", TWINS)
def test_what_is_refused_and_why(twin):
    bad = HEARTBEAT[:-2] + b"\xa8\x7e"
    splitter = twin()
    stream = b"dirt" + HEARTBEAT + bad + b"\x7e\x01\x7d\x03\x7e" + checked(b"\x00\x02\x00\x05" + bytes(8))
    assert splitter.receive(stream + b"\x00" * (ESCAPED_MAX + 1)) == [HEARTBEAT[1:-2]]
    assert state(splitter) == (1, 4, 4 + ESCAPED_MAX + 1)
    found = [
        (error.reason, error.message_id, error.field, error.offset) for error, _ in splitter.rejections()
    ]
    assert found == [
        ("longer than any frame", -1, "", -1),  # known when the read ends, before its frames are opened
        ("wrong check byte 0xA8", -1, "check", 12),
        ("illegal escape", -1, "", 1),
        ("wrong length: the header says 5, 12 bytes are there", 2, "body_length", 2),
    ]
    assert splitter.rejections() == []


@pytest.mark.parametrize("twin", TWINS)
def test_as_many_refusals_are_kept_as_wished(twin):
    for wished, kept in ((None, 8), (0, 0), (3, 3)):
        splitter = twin() if wished is None else twin(kept=wished)
        splitter.receive(b"\x7e\x00" * 20 + b"\x7e")
        assert splitter.rejected == 20 and len(splitter.rejections()) == kept
        splitter.receive(b"\x00\x7e")
        assert len(splitter.rejections()) == min(kept, 1)


@pytest.mark.parametrize("twin", TWINS)
def test_the_longest_tail_is_kept_and_one_byte_more_is_not(twin):
    splitter = twin()
    splitter.receive(b"\x7e" + bytes(ESCAPED_MAX))
    assert (splitter.rejected, splitter.garbage_bytes) == (0, 0)
    splitter.receive(b"\x00")
    assert (splitter.rejected, splitter.garbage_bytes) == (1, ESCAPED_MAX + 1)
    assert splitter.rejections()[0][1] == bytes(64)


@pytest.mark.parametrize("twin", TWINS)
def test_a_bytearray_is_read_as_bytes_are(twin):
    splitter = twin()
    assert splitter.receive(bytearray(HEARTBEAT[:5])) == []
    assert splitter.receive(bytearray(HEARTBEAT[5:])) == [HEARTBEAT[1:-2]]
    assert splitter.open(bytearray(HEARTBEAT[1:-1])) == HEARTBEAT[1:-2]


@pytest.mark.parametrize("twin", TWINS)
def test_text_is_a_fault_of_ours(twin):
    for call in (twin().receive, twin().split, twin().open):
        with pytest.raises(TypeError):
            call("7e")
    with pytest.raises(TypeError):
        twin(8, 9)


@needs_accelerator
def test_a_splitter_can_be_collected_and_begun_anew():
    splitter = FrameSplitter()
    splitter.receive(b"\x7e\x00\x7e\x01")
    (error, _) = splitter.rejections()[0]
    assert isinstance(error, RemoteProtocolError)
    splitter.receive(b"\x00\x7e")
    kept = splitter.rejections()
    kept[0][0].circle = splitter
    splitter.__init__(1)
    assert state(splitter) == (0, 0, 0) and splitter.receive(HEARTBEAT) == [HEARTBEAT[1:-2]]
    del splitter, kept, error
    gc.collect()


@needs_accelerator
def test_memory_does_not_grow():
    import tracemalloc

    splitter, stream = FrameSplitter(), b"".join(FRAMES) + b"\x7e\x01\x7d\x03\x7e" + b"\x00" * 3000
    for _ in range(5):
        splitter.receive(stream)
        splitter.rejections()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        splitter.receive(stream)
        splitter.rejections()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 2000


def test_dianyun_pure_forces_the_portable_twin():
    code = "from protocols.wire import framing as f; print(f.FrameSplitter is f.PortableSplitter)"
    environment = {**os.environ, "DIANYUN_PURE": "1"}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert shown.stdout == "True\n", shown.stderr


def test_both_splitters_build_on_what_build_frame_makes():
    for twin in (PortableSplitter, FrameSplitter):
        splitter = twin()
        assert splitter.receive(build_frame(HEARTBEAT[1:-2])) == [HEARTBEAT[1:-2]]
