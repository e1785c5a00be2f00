"""Good terminals and bad peers, as coroutines. `python -m tests.abuse.crowd PORT SEED SECONDS`: the bad."""

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from protocols.wire.bcd import digits_to_bcd
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import build_header
from tests.gateway.support import Answer, body_of, frame
from tests.gateway.test_session import registration

ANSWER_S = 60.0  # for an answer; the machine may be busy
BLOCK = 16 * 1024
REST_S = 0.01  # of a bad peer between two tries
GONE = (OSError, asyncio.IncompleteReadError, EOFError)


@dataclass
class Good:
    """A terminal that reports one by one. waits_s: for each answer. sent, answered: reports."""

    phone: bytes
    port: int
    waits_s: list[float] = field(default_factory=list)
    sent: int = 0
    answered: int = 0

    async def open(self) -> "Good":
        """Connects and authenticates."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._splitter, self._heard = FrameSplitter(), []
        self._writer.write(registration_of(self.phone))
        code = (await self.hear()).auth_code
        self._writer.write(frame(0x0102, code, 2, self.phone))
        assert (await self.hear()).result == 0
        return self

    async def report(self) -> None:
        """One report; returns with its answer."""
        self.sent += 1
        begun_s = time.perf_counter()
        self._writer.write(frame(0x0200, body_of(self.sent), self.sent & 0xFFFF, self.phone))
        if (await self.hear()).result == 0:
            self.answered += 1
        self.waits_s.append(time.perf_counter() - begun_s)

    async def drive(self, interval_s: float, until: asyncio.Event) -> None:
        """Reports until it is told to stop."""
        while not until.is_set():
            await self.report()
            await asyncio.sleep(interval_s)

    async def hear(self) -> Answer:
        """The next answer."""
        while not self._heard:
            data = await asyncio.wait_for(self._reader.read(65536), ANSWER_S)
            if not data:
                raise EOFError("the gateway closed a good terminal's connection")
            self._heard += [Answer(payload) for payload in self._splitter.receive(data)]
        return self._heard.pop(0)

    def close(self) -> None:
        """Goes."""
        self._writer.close()


def registration_of(phone: bytes, device: bytes = b"T000001") -> bytes:
    """A 0x0100 of 2013 with this terminal id."""
    return frame(0x0100, registration(2013, device), 1, phone)


def phone_of(number: int) -> bytes:
    """Of the good terminals from 0 on, of the bad from 900 on."""
    return digits_to_bcd(str(13_700_000_000 + number), 6)


Bad = Callable[[int, random.Random], Awaitable[None]]


async def unauthenticated(port: int, chance: random.Random) -> None:
    """Reports without a word of who it is."""
    await say(port, [frame(0x0200, body_of(chance.randrange(1000)), 1, phone_of(900))] * 8)


async def wrong_codes(port: int, chance: random.Random) -> None:
    """Guesses the code of a terminal that is there."""
    await say(port, [frame(0x0102, chance.randbytes(8).hex().encode(), 1, phone_of(0))] * 8)


async def replayed_registrations(port: int, chance: random.Random) -> None:
    """The registration of a terminal that is there, as somebody heard it, and with a device of its own."""
    device = chance.choice((b"T000001", b"T999999"))
    await say(port, [registration_of(phone_of(0), device)])


async def slow(port: int, chance: random.Random) -> None:
    """One byte after the other, of a frame that never ends."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(b"\x7e" if chance.random() < 0.01 else b"\x02")
            await writer.drain()
            await asyncio.sleep(0.1)
    finally:
        writer.close()


async def garbage(port: int, chance: random.Random) -> None:
    """Whatever bytes, as many as are taken."""
    await say(port, [chance.randbytes(BLOCK) for _ in range(64)])


async def oversized(port: int, chance: random.Random) -> None:
    """A terminal that is let in and sends frames longer than any."""
    good = await Good(phone_of(901), port).open()
    try:
        for _ in range(40):
            good._writer.write(b"\x7e" + chance.randbytes(BLOCK).replace(b"\x7e", b"") + b"\x7e")
            await good._writer.drain()
    finally:
        good.close()


async def package_floods(port: int, chance: random.Random) -> None:
    """A terminal that is let in and begins long messages without end."""
    phone = phone_of(chance.randrange(902, 999))  # not the other flood's: a takeover would end both
    good = await Good(phone, port).open()
    try:
        for number in range(2000):
            header = build_header(
                0x0900, 1000, phone, chance.randrange(0x10000), total=0xFFFF, number=number + 1
            )
            good._writer.write(build_frame(header + chance.randbytes(1000)))
            await good._writer.drain()
    finally:
        good.close()


BAD: dict[str, Bad] = {
    each.__name__: each
    for each in (
        unauthenticated, wrong_codes, replayed_registrations, slow, garbage, oversized, package_floods,
    )
}  # fmt: skip


async def say(port: int, pieces: list[bytes]) -> None:
    """Sends what is taken; hears until the gateway has enough."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        await asyncio.wait_for(reader.read(65536), 1.0)
    finally:
        writer.close()


async def again_and_again(bad: Bad, port: int, chance: random.Random, over: asyncio.Event) -> None:
    """One bad peer until it is over; `wait_for` of Python 3.11 may swallow a cancellation."""
    while not over.is_set():
        with contextlib.suppress(*GONE, TimeoutError, AssertionError):
            await bad(port, chance)
        await asyncio.sleep(REST_S)


async def misbehave(port: int, seed: int, seconds: float, each: int = 2) -> None:
    """Every kind at once, `each` of them."""
    over = asyncio.Event()
    tasks = [
        asyncio.create_task(again_and_again(bad, port, random.Random(f"{seed} {name} {number}"), over))
        for name, bad in BAD.items()
        for number in range(each)
    ]
    await asyncio.sleep(seconds)
    over.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(misbehave(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
