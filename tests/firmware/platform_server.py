"""A small platform on a loopback socket: registers, authenticates, acknowledges. Built on protocols.wire."""

from __future__ import annotations

import asyncio
import threading

from protocols.jt808 import fast
from protocols.wire import tables
from protocols.wire.bodies import encode_body
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import build_header, parse_header

BATCH_HEAD = 3  # count and kind, before the first length word


class PlatformServer:
    """Runs in its own thread; a context manager.

    port: where it listens. bodies: every 0x0200 body it took, in order of arrival, from batches too.
    ids: message ids seen. answering: set it to False to be silent to reports. said_before: bytes put on the
    line before each answer to a report.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.ids: list[int] = []
        self.answering = True
        self.said_before = b""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="platform", daemon=True)

    def __enter__(self) -> PlatformServer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter, serial = FrameSplitter(), 0
        try:
            while data := await reader.read(4096):
                for payload in splitter.receive(data):
                    answer = self._answer(payload, serial)
                    if answer:
                        writer.write(answer)
                        serial += 1
        except ConnectionError:
            return
        finally:
            writer.close()

    def _answer(self, payload: bytes, serial: int) -> bytes:
        header = parse_header(payload)
        body = payload[header.body_at :]
        fast.decode_body(header.message_id, header.edition, body)  # raises when it broke the standard
        self.ids.append(header.message_id)
        if header.message_id == tables.MSG_POSITION_REPORT:
            self.bodies.append(body)
        elif header.message_id == tables.MSG_POSITION_BATCH_UPLOAD:
            self._take_batch(body)
        if header.message_id == tables.MSG_TERMINAL_REGISTRATION:
            values = {"reply_serial": header.serial, "result": 0, "auth_code": b"secret"}
            return self._frame(tables.MSG_TERMINAL_REGISTRATION_RESPONSE, header, values, serial)
        if not self.answering and header.message_id != tables.MSG_TERMINAL_AUTHENTICATION:
            return b""
        values = {"reply_serial": header.serial, "reply_id": header.message_id, "result": 0}
        answer = self._frame(tables.MSG_PLATFORM_GENERAL_RESPONSE, header, values, serial)
        return self.said_before + answer if header.message_id == tables.MSG_POSITION_REPORT else answer

    def _take_batch(self, body: bytes) -> None:
        at = BATCH_HEAD
        while at < len(body):
            size = int.from_bytes(body[at : at + 2], "big")
            self.bodies.append(body[at + 2 : at + 2 + size])
            at += 2 + size

    def _frame(self, message_id: int, header: object, values: dict[str, object], serial: int) -> bytes:
        body = encode_body(message_id, header.edition, values)  # type: ignore[attr-defined]
        head = build_header(message_id, len(body), header.phone, serial)  # type: ignore[attr-defined]
        return build_frame(head + body)
