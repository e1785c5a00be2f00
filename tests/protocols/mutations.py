"""Frames changed at random, at some ten thousand a second, and everything that reads them driven with them.

Every mutation goes through the stream splitter, and what comes out through the generated decoder of its id in
every edition. Every SAMPLE-th goes through all the rest too: the other splitter, construct, the plan walker,
the terminal's tables, column decoding, explain, and the JSON form and back.
"""

import faulthandler
import gc
import random
from pathlib import Path

from protocols.jt808 import codec, fast, oracle, walk
from protocols.jt808.batch import decode_positions
from protocols.jt808.explain import explain_frame
from protocols.jt808.generated import DECODERS, Misfit
from protocols.wire import bodies
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.framing import FrameSplitter, PortableSplitter, build_frame, open_frame
from protocols.wire.header import parse_header

from . import coverage

SEEDS = [frame for frames in coverage.frames().values() for frame in frames]
SAMPLE = 100
REASONED = 4  # of so many bodies one is refused with its reason, which the slow walker finds
CHUNK = 10_000
HANG_S = 120  # for one chunk, which takes one or two
POSITION = 0x0200

_EDITIONS = tuple(sorted(DECODERS))


def mutated(dice: random.Random, data: bytes) -> bytes:
    """The data with a few bytes changed, removed, put in or doubled."""
    changed = bytearray(data)
    for _ in range(int(dice.random() * 4) + 1):
        at = int(dice.random() * len(changed))
        kind = int(dice.random() * 5)
        if kind <= 1 and changed:
            special = int(dice.random() * 8)
            changed[at] = (0, 0xFF, 0x7D, 0x7E)[special] if special < 4 else dice.getrandbits(8)
        elif kind == 2:
            del changed[at : at + 1 + int(dice.random() * 5)]
        elif kind == 3:
            changed[at:at] = dice.randbytes(1 + int(dice.random() * 5))
        else:
            changed[at:at] = changed[at : at + 1 + int(dice.random() * 40)]
    return bytes(changed)


def with_right_length(payload: bytes) -> bytes:
    """The payload with its length field put right, so that the damage reaches the body."""
    header_bytes = (17 if payload[2] & 0x40 else 12) + (4 if payload[2] & 0x20 else 0)
    length = max(len(payload) - header_bytes, 0) & 0x3FF
    return payload[:2] + bytes([payload[2] & 0xFC | length >> 8, length & 0xFF]) + payload[4:]


class Mutations:
    """One run. Every method raises what a reader raised beside RemoteProtocolError, and AssertionError when
    two readers disagree."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.number = 0
        self.splitter = FrameSplitter()
        self.decoded = 0
        self.refused = 0
        self._dice = random.Random(seed)
        self._payloads = [open_frame(frame[1:-1]) for frame in SEEDS]

    def run(self, count: int) -> None:
        """So many more mutations. A chunk that hangs ends the process with the place where it does."""
        for start in range(0, count, CHUNK):
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            for _ in range(min(CHUNK, count - start)):
                self._one()
            faulthandler.cancel_dump_traceback_later()

    def _one(self) -> None:
        self.number += 1
        dice = self._dice
        at = int(dice.random() * len(SEEDS))
        if dice.random() < 0.3:
            stream = mutated(dice, SEEDS[at])
        else:
            damaged = mutated(dice, self._payloads[at]).ljust(12, b"\x00")
            stream = build_frame(with_right_length(damaged))
        payloads = self.splitter.receive(stream)
        for payload in payloads:
            self._read(payload)
        if self.number % SAMPLE == 0:
            read_every_way(stream, payloads, f"seed {self.seed}, mutation {self.number}")
            self.splitter.rejections()

    def _read(self, payload: bytes) -> None:
        """Header, and the body by the generated decoder of every edition; each may only refuse."""
        try:
            header = parse_header(payload)
        except RemoteProtocolError:
            return
        body, message_id = payload[header.body_at :], header.message_id
        reasoned = self.number % REASONED == 0
        for edition in _EDITIONS:
            decoder = DECODERS[edition].get(message_id)
            if decoder is None:
                continue
            try:
                if reasoned or message_id == POSITION:
                    fast.decode_body(message_id, edition, body)
                else:
                    decoder(body, 0, len(body))
                self.decoded += 1
            except Misfit:
                self.refused += 1
            except RemoteProtocolError as error:
                assert error.message_id == message_id
                self.refused += 1


def read_every_way(stream: bytes, payloads: list[bytes], where: str) -> None:
    """All readers agree on the payloads, and everything that takes frames takes the stream."""
    portable = PortableSplitter()
    portable.receive(b"\x7e")
    alone = FrameSplitter()
    alone.receive(b"\x7e")
    assert portable.receive(stream + b"\x7e") == alone.receive(stream + b"\x7e"), where
    explain_frame(stream)
    for payload in payloads:
        message = codec.decode_payload(payload)
        assert codec.encode_message(message) == build_frame(payload), f"{where}: {payload.hex()}"
        header = parse_header(payload)
        for edition in _EDITIONS:
            if fast.knows(header.message_id, edition):
                _agree(header.message_id, edition, payload[header.body_at :], where)


def _agree(message_id: int, edition: int, body: bytes, where: str) -> None:
    found = _verdict(oracle.decode_body, message_id, edition, body)
    for decode in (fast.decode_body, walk.decode_body):
        assert _verdict(decode, message_id, edition, body) == found, f"{where}: {body.hex()}"
    if bodies.knows(message_id, edition):
        table = _verdict(bodies.decode_body, message_id, edition, body)
        assert (table is None) == (found is None), f"{where}: {body.hex()}"
    if message_id == POSITION:
        columns = decode_positions([body], edition)
        assert _verdict(lambda *_: columns.row(0), message_id, edition, body) == found, where
    for ask in (fast.split_position_batch, fast.position_time):
        _verdict(lambda *three, ask=ask: ask(three[2]), message_id, edition, body)


def _verdict(decode, message_id: int, edition: int, body: bytes):
    """The values, None when refused."""
    try:
        return decode(message_id, edition, body)
    except RemoteProtocolError:
        return None


def resident_bytes() -> int:
    """What this process holds in memory, garbage collected first."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
