"""The compiled terminal takes a picture and streams it in the heap that it has: 0x8801, 0x0801, 0x8800."""

from __future__ import annotations

import random

import pytest

from protocols.wire import tables
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header, parse_header
from simulator.desk.desk import Desk

from ..platform_server import PlatformServer
from ..test_desk import PATIENCE_S, drive

PHONE = bytes.fromhex("013800138000")
SHOOT_ONCE = bytes.fromhex("01 0001 0000 00 01 05 80 40 40 80")
HEAD_BYTES_2013 = 36
HEAP = "112k"


class Platform(PlatformServer):
    """Orders a picture once and puts its packages together; loses every tenth package the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: dict[int, bytes] = {}
        self.lost: set[int] = set()
        self.picture = b""
        self.ordered = False

    def _answer(self, payload: bytes, serial: int) -> bytes:
        header = parse_header(payload)
        if header.message_id == 0x0801:
            return self._piece(header, bytes(payload[header.body_at :]), serial)
        if header.message_id in (0x0800, 0x0805):
            values = {"reply_serial": header.serial, "reply_id": header.message_id, "result": 0}
            return self._frame(tables.MSG_PLATFORM_GENERAL_RESPONSE, header, values, serial)
        answer = super()._answer(payload, serial)
        if header.message_id == tables.MSG_POSITION_REPORT and not self.ordered:
            self.ordered = True
            answer += _frame(0x8801, SHOOT_ONCE)
        return answer

    def _piece(self, header, piece: bytes, serial: int) -> bytes:
        if header.number % 10 == 3 and header.number not in self.lost:
            self.lost.add(header.number)
            piece = b""
        if piece:
            self.pieces[header.number] = piece
        if header.number != header.total and len(self.pieces) < header.total:
            return b""
        missing = [number for number in range(1, header.total + 1) if number not in self.pieces]
        media_id = self.pieces[1][:4]
        if missing:
            numbers = b"".join(number.to_bytes(2, "big") for number in missing)
            return _frame(0x8800, media_id + bytes([len(missing)]) + numbers)
        self.picture = b"".join(self.pieces[number] for number in sorted(self.pieces))[HEAD_BYTES_2013:]
        return _frame(0x8800, media_id)


def _frame(message_id: int, body: bytes) -> bytes:
    return build_frame(build_header(message_id, len(body), PHONE, 7) + body)


@pytest.mark.slow
def test_the_compiled_terminal_streams_a_picture_larger_than_its_free_heap(tmp_path):
    jpeg = b"\xff\xd8" + random.Random(1).randbytes(40_000) + b"\xff\xd9"
    (tmp_path / "picture.jpg").write_bytes(jpeg)
    with Platform() as platform:
        desk = Desk(
            tmp_path, [("127.0.0.1", platform.port)], "13800138000",
            heap=HEAP, interval_s=1, camera=str(tmp_path / "picture.jpg"),
        )  # fmt: skip
        try:
            desk.start()
            assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
            desk.feed(drive(1000, 5))
            assert desk.wait_until(lambda: bool(platform.picture), PATIENCE_S), (desk.errors, platform.ids)
            assert platform.picture == jpeg and platform.lost
            assert desk.wait_until(lambda: len(desk.acknowledged) >= 5, PATIENCE_S), desk.errors
            assert not desk.errors
        finally:
            desk.stop()
