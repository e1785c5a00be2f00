"""The frame writer: the same frames as build_frame, without a byte of heap."""

import harness

from protocols.wire.errors import LocalProtocolError
from protocols.wire.framing import build_frame
from protocols.wire.writer import BUFFER_BYTES, FrameWriter

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython has no such lock

    def heap_lock():
        pass

    def heap_unlock():
        pass


PAYLOADS = (
    b"\x00\x02\x00\x00\x01\x38\x00\x13\x80\x00\x00\x01",
    b"\x7e\x7d\x01\x02" * 200,
    bytes(range(256)) * 4,
    b"\x7e",
    b"",
)


def write(writer, payload):
    writer.begin()
    writer.put_from(payload, 0, len(payload))
    return writer.finish()


def check_the_same_as_build_frame():
    writer = FrameWriter()
    for payload in PAYLOADS:
        length = write(writer, payload)
        assert bytes(writer.buffer[:length]) == build_frame(payload) and writer.length == length


def check_words():
    writer = FrameWriter(32)
    writer.begin()
    writer.put_word(0x7E7D)
    writer.put_word(0)
    writer.put(255)
    assert bytes(writer.buffer[: writer.finish()]) == build_frame(b"\x7e\x7d\0\0\xff")


def check_nothing_is_allocated():
    writer = FrameWriter()
    payload = PAYLOADS[2]
    write(writer, payload)
    heap_lock()
    try:
        writer.begin()
        writer.put_word(0xFFFF)
        writer.put_from(payload, 0, 1000)
        writer.finish()
    finally:
        heap_unlock()


def check_a_check_byte_that_must_be_escaped():
    writer = FrameWriter(16)
    for payload in (b"\x7e", b"\x7d", b"\x00\x7e"):
        assert bytes(writer.buffer[: write(writer, payload)]) == build_frame(payload)


def check_ranges():
    writer = FrameWriter(16)
    writer.begin()
    for value in (-1, 256):
        harness.raised(LocalProtocolError, writer.put, value)
    for value in (-1, 65536):
        harness.raised(LocalProtocolError, writer.put_word, value)


def check_room():
    writer = FrameWriter(8)
    harness.raised(LocalProtocolError, write, writer, b"12345678")
    harness.raised(LocalProtocolError, write, writer, b"\x7e\x7e\x7e\x7e")
    assert write(writer, b"1234") == 7
    assert BUFFER_BYTES > 2 * (1023 + 21)


harness.run(globals())
