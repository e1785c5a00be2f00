"""A fleet that never rests: terminals come, report, send pictures, answer commands, are taken over, change
their edition, register anew and go. All chance comes from one seed; what was said and answered is kept, as
record names.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from protocols.monitoring.records import record_id
from protocols.wire.bcd import digits_to_bcd
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import build_header
from tests.gateway.support import Answer, body_of, frame
from tests.gateway.test_session import authentication, registration

EDITIONS = (2011, 2013, 2019)
FIRST_PHONE = 13_600_000_000
ANSWER_S = 60.0
PICTURE_HEAD_BYTES = 36
PACKAGE_BYTES = 900
GONE = (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError)


@dataclass
class Books:
    """What everybody said. sent, answered: names of position records. counted: what else happened."""

    sent: set[bytes] = field(default_factory=set)
    answered: set[bytes] = field(default_factory=set)
    counted: Counter[str] = field(default_factory=Counter)
    reports: int = 0


class Terminal:
    """One identity over all its lives. code: of its latest registration in `edition`."""

    def __init__(self, number: int, books: Books, chance: random.Random) -> None:
        self.digits = str(FIRST_PHONE + number)
        self.edition = chance.choice(EDITIONS)
        self.code = b""
        self._books = books
        self._chance = chance
        self._serial = chance.randrange(0x10000)
        self._writer: asyncio.StreamWriter | None = None

    @property
    def phone(self) -> bytes:
        """As the header of its edition has it."""
        return digits_to_bcd(self.digits, 10 if self.edition == 2019 else 6)

    async def live(self, port: int, interval_s: float, end_s: float) -> None:
        """One life: in, some reports, out; shorter when its end comes first. While an older connection of it
        is still open that one is taken over. What breaks is counted; a gateway that refuses a good terminal
        fails the test."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        older, self._writer = self._writer, writer
        self._books.counted["takeovers" if older else "lives"] += 1
        line = Line(self, reader, writer)
        hearing = asyncio.create_task(line.hear())
        try:
            await self._come_in(line)
            for _ in range(self._chance.randint(2, 20)):
                await self._report(line)
                if time.monotonic() > end_s:
                    break
                await asyncio.sleep(interval_s * self._chance.uniform(0.5, 1.5))
            if self._chance.random() < 0.15:
                await self._picture(line)
            if self._chance.random() < 0.1:
                self.code = b""
                await line.ask(0x0003, b"")
        except GONE:
            self._books.counted["broken"] += 1
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            # Some stay open, silent: the next life takes them over, or the gateway's idle timeout ends them.
            if self._chance.random() < 0.7 or self._writer is not writer:
                writer.close()
                self._writer = None if self._writer is writer else self._writer
            if older is not None:
                older.close()

    def close(self) -> None:
        """The connection that stayed open, if one did."""
        if self._writer is not None:
            self._writer.close()

    def next_serial(self) -> int:
        """Of the next message."""
        self._serial = self._serial + 1 & 0xFFFF
        return self._serial

    async def _come_in(self, line: "Line") -> None:
        if not self.code or self._chance.random() < 0.2:
            if self._chance.random() < 0.3:
                self.edition = self._chance.choice(EDITIONS)
                self._books.counted["editions"] += 1
            self._books.counted["registrations"] += 1
            heard = await line.ask(0x0100, registration(self.edition, b"0000001"))
            assert heard.result == 0, f"{self.digits} may not register: {heard.result}"
            self.code = heard.auth_code
        heard = await line.ask(0x0102, authentication(self.edition, self.code))
        assert heard.result == 0, f"{self.digits} may not come in: {heard.result}"

    async def _report(self, line: "Line") -> None:
        self._books.reports += 1
        body = body_of(self._books.reports)
        name = record_id(self.digits, body)
        self._books.sent.add(name)
        if (await line.ask(0x0200, body)).result == 0:
            self._books.answered.add(name)

    async def _picture(self, line: "Line") -> None:
        """Three packages; the answer is 0x8800 with the picture's number."""
        head = self._chance.randbytes(4) + bytes([0, 0, 1, 1])
        content = b"\xff\xd8" + self._chance.randbytes(2 * PACKAGE_BYTES) + b"\xff\xd9"
        body = head + (b"" if self.edition == 2011 else bytes(28)) + content
        pieces = [body[at : at + PACKAGE_BYTES] for at in range(0, len(body), PACKAGE_BYTES)]
        for number, piece in enumerate(pieces, 1):
            header = build_header(
                0x0801, len(piece), self.phone, self.next_serial(), total=len(pieces), number=number
            )
            line.write(build_frame(header + piece))
        await line.expect(0x8800)
        self._books.counted["pictures"] += 1


class Line:
    """One connection of a terminal, which answers commands while it waits for its own answers."""

    def __init__(
        self, terminal: Terminal, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._terminal = terminal
        self._reader = reader
        self._writer = writer
        self._splitter = FrameSplitter()
        self._waiting: tuple[Callable[[Answer], bool], asyncio.Future[Answer]] | None = None

    def write(self, data: bytes) -> None:
        """Frames as they are."""
        self._writer.write(data)

    async def ask(self, message_id: int, body: bytes) -> Answer:
        """A message, and its answer: by id and serial. Raises what is in GONE."""
        serial = self._terminal.next_serial()
        self.write(frame(message_id, body, serial, self._terminal.phone))
        return await self._wait(
            lambda heard: heard.id in (0x8001, 0x8100) and heard.brief[:2] == (message_id, serial)
        )

    async def expect(self, message_id: int) -> Answer:
        """The next message of this id."""
        return await self._wait(lambda heard: heard.id == message_id)

    async def hear(self) -> None:
        """Until the connection ends: answers go to who waits, commands are answered."""
        try:
            while data := await self._reader.read(65536):
                for payload in self._splitter.receive(data):
                    self._take(Answer(payload))
        except OSError:
            pass
        if self._waiting is not None and not self._waiting[1].done():
            self._waiting[1].set_exception(EOFError("the gateway closed the connection"))
        self._waiting = (lambda _: False, _ended())

    async def _wait(self, fits: Callable[[Answer], bool]) -> Answer:
        if self._waiting is not None and self._waiting[1].done() and self._waiting[1].exception():
            raise EOFError("the gateway closed the connection")
        future = asyncio.get_running_loop().create_future()
        self._waiting = (fits, future)
        try:
            return await asyncio.wait_for(future, ANSWER_S)
        finally:
            if self._waiting is not None and self._waiting[1] is future:
                self._waiting = None

    def _take(self, heard: Answer) -> None:
        if heard.id == 0x8300:
            serial = heard.header.serial.to_bytes(2, "big")
            reply = serial + heard.id.to_bytes(2, "big") + b"\0"
            self.write(frame(0x0001, reply, self._terminal.next_serial(), self._terminal.phone))
        elif self._waiting is not None and not self._waiting[1].done() and self._waiting[0](heard):
            self._waiting[1].set_result(heard)


def _ended() -> "asyncio.Future[Answer]":
    future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    future.set_exception(EOFError("the gateway closed the connection"))
    future.exception()  # looked at: nobody need wait for it
    return future


@dataclass(frozen=True)
class Shape:
    """at_once: lives at a time, of so many `terminals`. interval_s: between two reports of one.
    commands_per_s: to terminals by chance, whether they are there or not."""

    terminals: int = 300
    at_once: int = 40
    interval_s: float = 0.5
    commands_per_s: float = 2.0


async def churn(
    port: int, api: httpx.AsyncClient, shape: Shape, seconds: float, chance: random.Random
) -> Books:
    """Lives and commands for so long; returns when everybody has gone."""
    books = Books()
    fleet = [
        Terminal(number, books, random.Random(chance.getrandbits(64))) for number in range(shape.terminals)
    ]
    end_s = time.monotonic() + seconds
    idle = list(fleet)

    async def lives() -> None:
        while time.monotonic() < end_s:
            terminal = idle.pop(chance.randrange(len(idle)))
            try:
                await terminal.live(port, shape.interval_s, end_s)
            finally:
                idle.append(terminal)

    async def orders() -> None:
        while time.monotonic() < end_s:
            text = {"flag": ["display"], "text": f"第{chance.randrange(1000)}号"}
            terminal = chance.choice(fleet)
            if terminal.edition == 2019:
                text["type"] = "notice"
            asked = {"terminal": terminal.digits, "message": "TextMessage", "body": text}
            with contextlib.suppress(httpx.TransportError):
                answer = await api.post("/commands", json=asked)
                books.counted[f"commands {answer.status_code}"] += 1
            await asyncio.sleep(1 / shape.commands_per_s)

    await asyncio.gather(orders(), *[lives() for _ in range(shape.at_once)])
    for terminal in fleet:
        terminal.close()
    return books
