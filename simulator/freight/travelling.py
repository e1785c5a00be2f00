"""Sends a world's vehicle tracks to a gateway, each as the terminal of its vehicle.

Registration, authentication, stored positions as 0x0704, the last one live as 0x0200. A lean sender, for
tracks of weeks that a real terminal core would have to drive; it believes nothing: each message must be
acknowledged with 0 before it counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from protocols.freight.values import time_text
from protocols.wire import bodies, tables
from protocols.wire.bcd import digits_to_bcd
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import EDITION_2013, build_header, parse_header

from ..authority.indicators.tracks import Points
from ..fleet.events import FleetLog
from .registration import phone_of
from .world import World

AT_ONCE: Final = 50  # terminals that are connected at the same time
ANSWER_S: Final = 20.0
BATCH: Final = 30  # positions of 30 bytes in one message of at most 1023
STORED: Final = 1  # 0x0704 type: positions that could not be sent in their time
ON_THE_ROAD: Final = 0b11  # status: ignition on, fixed
_PHONE_BYTES: Final = 6


class Refused(RuntimeError):
    """The gateway answered otherwise than with success, or not at all."""


async def travel(
    world: World, host: str, port: int, vehicles: Iterable[str] | None = None, log: FleetLog | None = None
) -> int:
    """Sends every track, or those of these vehicle keys; gives how many positions were acknowledged.

    log: is told of every report, for a ledger. Raises Refused, OSError.
    """
    phones = phone_of(world)
    wanted = world.positions.keys() if vehicles is None else set(vehicles)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(key: str) -> int:
        async with gate:
            return await _send((host, port), phones[key], key, world.positions[key], log or FleetLog())

    return sum(await asyncio.gather(*(one(key) for key in world.positions if key in wanted)))


async def _send(address: tuple[str, int], phone: str, key: str, points: Points, log: FleetLog) -> int:
    reader, writer = await asyncio.open_connection(*address)
    terminal = _Terminal(reader, writer, phone)
    reports = [_report(point) for point in points]
    for sequence, report in enumerate(reports, start=1):
        log.emit(phone, sequence, report)
    try:
        await terminal.log_in(*key.split("/"))
        for at in range(0, len(reports) - 1, BATCH):
            await terminal.stored(reports[at : min(at + BATCH, len(reports) - 1)])
        await terminal.say(tables.MSG_POSITION_REPORT, reports[-1])
    finally:
        writer.close()
    for sequence in range(1, len(reports) + 1):
        log.acknowledge(phone, sequence)
    return len(reports)


class _Terminal:
    """One connection; a message at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, phone: str) -> None:
        self._reader, self._writer = reader, writer
        self._phone = digits_to_bcd(phone, _PHONE_BYTES)
        self._splitter = FrameSplitter()
        self._serial = 0

    async def log_in(self, plate: str, colour: str) -> None:
        """Registers the vehicle and authenticates."""
        values = {
            "province": 53,
            "city": 1,
            "maker": b"DYSIM",
            "model": b"FREIGHT".ljust(20, b"\0"),
            "terminal_id": b"0000001",
            "plate_colour": int(colour),
            "plate": plate.encode("gbk"),
        }
        body = bodies.encode_body(tables.MSG_TERMINAL_REGISTRATION, EDITION_2013, values)
        answer = await self._exchange(tables.MSG_TERMINAL_REGISTRATION, body)
        if answer[2] != tables.RESULT_OK:
            raise Refused(f"registration: result {answer[2]}")
        await self.say(tables.MSG_TERMINAL_AUTHENTICATION, answer[3:])

    async def stored(self, reports: list[bytes]) -> None:
        """Positions of the past, in one message."""
        items = b"".join(len(report).to_bytes(2, "big") + report for report in reports)
        body = len(reports).to_bytes(2, "big") + bytes([STORED]) + items
        await self.say(tables.MSG_POSITION_BATCH_UPLOAD, body)

    async def say(self, message_id: int, body: bytes) -> None:
        """One message, acknowledged with 0. Raises Refused."""
        answer = await self._exchange(message_id, body)
        if answer[4] != tables.RESULT_OK:
            raise Refused(f"{message_id:#06x}: result {answer[4]}")

    async def _exchange(self, message_id: int, body: bytes) -> bytes:
        """The body of the answer to this message."""
        head = build_header(message_id, len(body), self._phone, self._serial)
        self._serial = (self._serial + 1) & 0xFFFF
        self._writer.write(build_frame(head + body))
        async with asyncio.timeout(ANSWER_S):
            while data := await self._reader.read(4096):
                for payload in self._splitter.receive(data):
                    header: Any = parse_header(payload)
                    if header.message_id in _ANSWERS:
                        return bytes(payload[header.body_at :])
        raise Refused(f"{message_id:#06x}: the connection ended")


_ANSWERS: Final = (tables.MSG_TERMINAL_REGISTRATION_RESPONSE, tables.MSG_PLATFORM_GENERAL_RESPONSE)


def _report(point: Any) -> bytes:
    """The fixed part of a position report."""
    numbers = (0, ON_THE_ROAD, int(point["latitude"]), int(point["longitude"]))
    place = b"".join(number.to_bytes(4, "big") for number in numbers) + bytes(6)
    return place + bytes.fromhex(time_text(int(point["time"]))[2:])
