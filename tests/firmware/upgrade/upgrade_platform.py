"""A platform that sends firmware: answers like any other, and writes down what the terminal said of it."""

from __future__ import annotations

import asyncio

from firmware.package_upgrade import message_body
from protocols.wire import tables
from protocols.wire.bodies import decode_body, decode_layout, knows, layout_of
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import Header, build_header, parse_header
from protocols.wire.pages import control, passthrough

from ..platform_server import PlatformServer

PIECE = 900
FIRST_SERIAL = 20000
CODE = b"secret"


class UpgradePlatform(PlatformServer):
    """package: sent whole on the next connection; cut_after: then only so many pieces, and the link is cut.

    versions: of each authentication that it accepted. results: of 0x0108. answers: results of 0x0001 by
    message id. passed_up: contents of 0x0900. orders: frames to be sent after the next authentication, as
    (message id, body).
    """

    def __init__(self) -> None:
        super().__init__()
        self.package = b""
        self.cut_after = 0
        self.versions: list[str] = []
        self.results: list[int] = []
        self.answers: dict[int, set[int]] = {}
        self.passed_up: list[bytes] = []
        self.orders: list[tuple[int, bytes]] = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter, serial = FrameSplitter(), 0
        try:
            while data := await reader.read(4096):
                for payload in splitter.receive(data):
                    header = parse_header(payload)
                    for frame in self._reply(header, payload[header.body_at :], serial):
                        writer.write(frame)
                        serial += 1
                    if header.message_id == tables.MSG_TERMINAL_AUTHENTICATION and self.versions:
                        await self._speak(header, writer)
        except ConnectionError:
            return
        finally:
            writer.close()

    def _reply(self, header: Header, body: bytes, serial: int) -> list[bytes]:
        self.ids.append(header.message_id)
        values = self._decoded(header, body)
        result = 0
        if header.message_id == tables.MSG_TERMINAL_REGISTRATION:
            answer = {"reply_serial": header.serial, "result": 0, "auth_code": CODE}
            return [self._frame(tables.MSG_TERMINAL_REGISTRATION_RESPONSE, header, answer, serial)]
        if header.message_id == tables.MSG_TERMINAL_GENERAL_RESPONSE:
            self.answers.setdefault(values["reply_id"], set()).add(values["result"])
            return []
        if header.message_id == tables.MSG_TERMINAL_AUTHENTICATION:
            result = values["auth_code"] != CODE
            if not result:
                self.versions.append(values["software_version"].rstrip(b"\0").decode())
        elif header.message_id == 0x0108:
            self.results.append(values["result"])
        elif header.message_id == 0x0900:
            self.passed_up.append(values["content"])
        answer = {"reply_serial": header.serial, "reply_id": header.message_id, "result": result}
        return [self._frame(tables.MSG_PLATFORM_GENERAL_RESPONSE, header, answer, serial)]

    def _decoded(self, header: Header, body: bytes) -> dict[str, object]:
        if knows(header.message_id, header.edition):
            return decode_body(header.message_id, header.edition, body)
        for table in (control, passthrough):
            if header.message_id in table.BODIES:
                return decode_layout(layout_of(table.BODIES, header.message_id, header.edition), body)
        return {}

    async def _speak(self, header: Header, writer: asyncio.StreamWriter) -> None:
        for number, (message_id, body) in enumerate(self.orders):
            head = build_header(message_id, len(body), header.phone, FIRST_SERIAL - 100 + number)
            writer.write(build_frame(head + body))
        self.orders.clear()
        if not self.package:
            return
        body = message_body(self.package, b"DYEDG", "0.2.0")
        pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
        stop = self.cut_after or len(pieces)
        for index, piece in enumerate(pieces[:stop]):
            head = build_header(
                0x8108, len(piece), header.phone, FIRST_SERIAL + index, 1, len(pieces), index + 1
            )
            writer.write(build_frame(head + piece))
            await writer.drain()
        if self.cut_after:
            self.cut_after = 0
            writer.close()
        else:
            self.package = b""
