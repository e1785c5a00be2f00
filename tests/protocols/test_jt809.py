"""JT/T 809: frames, escapes and CRC by known values; messages by vectors made by hand from the tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.jt808 import fast
from protocols.jt809 import codec
from protocols.jt809.framing import (
    FRAME_MAX,
    FrameSplitter,
    build_frame,
    crc_of,
    escape,
    open_frame,
    unescape,
)
from protocols.wire.errors import RemoteProtocolError
from tests.vectors import load

VECTORS = load("jt809")


def wire(value):
    """The wire values behind those of a vector: "hex:…" is bytes."""
    if isinstance(value, dict):
        return {key: wire(each) for key, each in value.items()}
    if isinstance(value, list):
        return [wire(each) for each in value]
    return bytes.fromhex(value[4:]) if isinstance(value, str) else value


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"].replace(" ", "-"))
def test_a_vector_reads_as_its_tables_say_and_comes_back(vector):
    payload = bytes.fromhex("".join(vector["payload"]))
    message = codec.decode_payload(payload, vector["edition"])
    for part in ("header", "body"):
        for name, value in wire(vector[part]).items():
            assert message[part][name] == value, name
    assert codec.encode_payload(message, vector["edition"]) == payload
    assert FrameSplitter().receive(build_frame(payload)) == [payload]


def test_the_report_of_2019_is_a_body_of_jt808():
    vector = next(v for v in VECTORS if v["edition"] == 2019 and "content" in v["body"])
    message = codec.decode_payload(bytes.fromhex("".join(vector["payload"])), 2019)
    assert fast.decode_body(0x0200, 2019, message["body"]["content"]["report"])["speed_dkmh"] == 605


def test_the_crc_is_ccitt_from_ffff():
    assert crc_of(b"123456789") == 0x29B1  # the check value of CRC-16/CCITT-FALSE


def test_the_four_escapes():
    assert escape(bytes.fromhex("5b5a5d5e")) == bytes.fromhex("5a015a025e015e02")
    for colour in (91, 93, 94):  # plate colours that are flags
        assert len(escape(bytes([colour]))) == 2


@given(st.binary(max_size=200))
def test_escapes_are_inverse(data):
    assert unescape(escape(data)) == data and not {0x5B, 0x5D} & set(escape(data))


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), st.lists(st.integers(0, 800), max_size=9))
def test_any_split_of_a_stream(payloads, cuts):
    stream = b"\x01".join(build_frame(each) for each in payloads)
    splitter, found, last = FrameSplitter(), [], 0
    for cut in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        found += splitter.receive(stream[last:cut])
        last = cut
    assert found == payloads and splitter.rejected == 0
    assert splitter.garbage_bytes == max(len(payloads) - 1, 0)


@given(st.binary(max_size=120), st.sampled_from([2011, 2019]))
def test_any_bytes_raise_only_the_remote_error(data, edition):
    for read in (open_frame, lambda each: codec.decode_payload(each, edition)):
        try:
            read(data)
        except RemoteProtocolError:
            continue


def test_dirt_costs_itself_alone_and_is_bounded():
    good = build_frame(b"abc")
    splitter = FrameSplitter()
    assert splitter.receive(b"xx" + good[:3] + good + b"\x5b\x5a\x03\x5d" + good) == [b"abc"] * 2
    assert (splitter.frames, splitter.rejected) == (2, 2)
    for _ in range(5):
        splitter.receive(b"\x5b" + b"a" * FRAME_MAX + b"aa")
    assert splitter.rejected == 7 and not splitter._held


def test_an_encrypted_body_is_never_parsed():
    payload = bytes.fromhex("".join(VECTORS[0]["payload"]))
    closed = payload[:17] + b"\x01" + payload[18:]
    assert codec.decode_payload(closed, 2011)["body"] == payload[22:]
