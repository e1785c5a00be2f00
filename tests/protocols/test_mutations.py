"""Frames changed at random raise nothing but RemoteProtocolError, from the stream to the values."""

import os
import random

import pytest

from protocols.jt808 import codec, fast, oracle, walk
from protocols.jt808.explain import explain_frame
from protocols.wire import bodies
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import FrameSplitter, build_frame, open_frame
from protocols.wire.header import parse_header

from . import coverage

EDITIONS = (2011, 2013, 2019)
SEEDS = [frame for frames in coverage.frames().values() for frame in frames]


def mutated(dice: random.Random, data: bytes) -> bytes:
    """The data with a few bytes changed, removed, put in or doubled."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed)) if changed else 0
        kind = dice.randrange(4)
        if kind == 0 and changed:
            changed[at] = dice.choice((0, 0xFF, 0x7D, 0x7E, dice.randrange(256)))
        elif kind == 1:
            del changed[at : at + dice.randint(1, 5)]
        elif kind == 2:
            changed[at:at] = dice.randbytes(dice.randint(1, 5))
        else:
            changed[at:at] = changed[at : at + dice.randint(1, 40)]
    return bytes(changed)


def with_right_length(payload: bytes) -> bytes:
    """The payload with its length field put right, so that the damage reaches the body."""
    header_bytes = (17 if payload[2] & 0x40 else 12) + (4 if payload[2] & 0x20 else 0)
    length = max(len(payload) - header_bytes, 0) & 0x3FF
    return payload[:2] + bytes([payload[2] & 0xFC | length >> 8, length & 0xFF]) + payload[4:]


def read_everything(payload: bytes, thorough: bool) -> None:
    """Header, and the body with every decoder in every edition; each may only refuse."""
    try:
        header = parse_header(payload)
    except RemoteProtocolError:
        return
    body = payload[header.body_at :]
    decoders = [fast.decode_body, walk.decode_body, *([oracle.decode_body] if thorough else [])]
    for edition in EDITIONS:
        if fast.knows(header.message_id, edition):
            table = [bodies.decode_body] if bodies.knows(header.message_id, edition) else []
            for decode in decoders + table:
                try:
                    decode(header.message_id, edition, body)
                except RemoteProtocolError as error:
                    assert error.message_id == header.message_id
    for ask in (fast.split_position_batch, fast.position_time):
        try:
            ask(body)
        except RemoteProtocolError:
            continue


def run(count: int) -> None:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed} (SEED={seed} repeats this run of {count} mutations)")
    dice = random.Random(seed)
    splitter = FrameSplitter()
    for number in range(count):
        frame = dice.choice(SEEDS)
        if dice.random() < 0.3:
            stream = mutated(dice, frame)
        else:
            stream = build_frame(with_right_length(mutated(dice, open_frame(frame[1:-1])).ljust(12, b"\x00")))
        thorough = number % 10 == 0
        for payload in splitter.receive(stream):
            read_everything(payload, thorough)
            if thorough:
                built = codec.encode_message(codec.decode_payload(payload))
                assert built == build_frame(payload), f"seed {seed}, mutation {number}: {payload.hex()}"
        if thorough:
            explain_frame(stream)
    assert splitter.frames > count // 3  # the damage is not all stopped at the door


def test_mutated_frames_raise_nothing_but_the_remote_error():
    run(20_000)


@pytest.mark.soak
def test_many_mutated_frames_raise_nothing_but_the_remote_error():
    run(int(os.environ.get("MUTATIONS", "1000000")))
