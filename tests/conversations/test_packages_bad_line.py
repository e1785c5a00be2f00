"""A terminal sends long messages in packages over a line that loses, repeats and cuts; the gateway dies.

No package is acknowledged before its whole message is on the disk, and in the end all of it is.
"""

import os
import random
from collections import Counter

import pytest

from edge_gateway.session import Authenticated, House, Session, SessionLimits, StoreMedia, Uplink
from protocols.jt808 import fast
from protocols.monitoring.records import MESSAGE, unpack_message
from protocols.wire.framing import FrameSplitter
from protocols.wire.header import parse_header
from protocols.wire.reassembly import SentBuffer, split_frames
from tests.gateway.session_desk import CODE, OpenDoor
from tests.gateway.support import PHONE_2013, PHONE_2019, body_of

STEP_MS = 100
RESEND_MS = 8000
PIECE_BYTES = 120
DRAIN_MS = 1_200_000


def batch(dice, first, count):
    bodies = [body_of(first + number) for number in range(count)]
    items = b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
    return (0x0704, count.to_bytes(2, "big") + b"\1" + items, bodies)


def picture(dice, number, edition):
    head = number.to_bytes(4, "big") + bytes([0, 0, 1, 2])
    position = b"" if edition == 2011 else body_of(number)[:28]
    data = dice.randbytes(dice.randrange(300, 900))
    return (0x0801, head + position + data, [data])


def passthrough(dice):
    content = b"\xf7" + dice.randbytes(dice.randrange(150, 600))
    return (0x0900, content, [content])


class Device:
    """A terminal that does nothing but send long messages until each is acknowledged."""

    def __init__(self, phone, messages):
        self.phone = phone
        self.waiting = list(messages)
        self.serial = 65500
        self.connected(0)

    def connected(self, now_ms):
        """A new connection: what was not acknowledged is sent anew, with new serials."""
        self.splitter = FrameSplitter()
        self.online = False
        self.open = {}  # first serial → [message, serials not acknowledged]
        self.frames = {}  # serial → (frame, due)
        self.sent = SentBuffer(messages_max=64)
        self.out = []
        self._say(0x0102, CODE if len(self.phone) == 6 else bytes([4]) + CODE + bytes(35), now_ms)

    def _say(self, message_id, content, now_ms):
        frames = list(split_frames(message_id, content, self.phone, self.serial, size=PIECE_BYTES))
        first = self.serial
        serials = [(first + index) % 65536 for index in range(len(frames))]
        self.serial = (first + len(frames)) % 65536
        for serial, frame in zip(serials, frames, strict=True):
            self.frames[serial] = (frame, now_ms + RESEND_MS)
            self.out.append(frame)
        self.sent.remember(first, frames)
        return first, serials

    def tick(self, now_ms):
        if self.online and self.waiting and len(self.open) < 3:
            message = self.waiting.pop(0)
            first, serials = self._say(message[0], message[1], now_ms)
            self.open[first] = [message, set(serials)]
        for serial, (frame, due) in self.frames.items():
            if now_ms >= due:
                self.frames[serial] = (frame, now_ms + RESEND_MS)
                self.out.append(frame)

    def receive(self, data, acknowledged):
        for payload in self.splitter.receive(data):
            header = parse_header(payload)
            content = payload[header.body_at :]
            if header.message_id == 0x8001:
                self._confirmed(int.from_bytes(content[:2], "big"), content[4], acknowledged)
            elif header.message_id == 0x8003:
                values = fast.decode_body(0x8003, 2019 if len(self.phone) == 10 else 2013, content)
                self.out += self.sent.serve(values["first_serial"], values["numbers"])
            elif header.message_id == 0x8800:
                self._picture(content, acknowledged)

    def _confirmed(self, serial, result, acknowledged):
        if serial in self.frames and not self.online:
            assert result == 0
            self.online = True
            del self.frames[serial]
        for first, (message, left) in list(self.open.items()):
            if serial in left and result == 0:
                acknowledged(message)
                left.discard(serial)
                self.frames.pop(serial, None)
                if not left:
                    del self.open[first]

    def _picture(self, content, acknowledged):
        for first, (message, left) in list(self.open.items()):
            if message[0] == 0x0801 and message[1].startswith(content[:4]):
                if len(content) > 5:
                    numbers = [
                        int.from_bytes(content[at : at + 2], "big") for at in range(5, len(content), 2)
                    ]
                    self.out += self.sent.serve(first, numbers)
                else:
                    acknowledged(message)
                    for serial in left:
                        self.frames.pop(serial, None)
                    del self.open[first]

    def lost(self):
        """The connection is gone: what is open waits again, first."""
        self.waiting = [message for message, _ in self.open.values()] + self.waiting


class World:
    """The device, the gateway, and a line that carries frames as it likes."""

    def __init__(self, edition, seed):
        self.dice = random.Random(seed)
        self.edition = edition
        self.now_ms = 0
        self.disk = set()
        self.commits = []  # (due, session, bodies, answers or None, StoreMedia or None)
        self.line = []
        self.deaths = 0
        makers = [
            lambda n: batch(self.dice, 100 * n, self.dice.randrange(4, 30)),
            lambda n: picture(self.dice, n, edition),
            lambda n: passthrough(self.dice),
        ]
        self.messages = [makers[number % 3](number) for number in range(18)]
        self.device = Device(PHONE_2019 if edition == 2019 else PHONE_2013, self.messages)
        self.counters = Counter()
        self.house = House(media=True)
        self.connect()

    def connect(self):
        self.session = Session(
            OpenDoor(self.edition), SessionLimits(), self.counters, self.now_ms, self.house
        )

    def acknowledged(self, message):
        assert set(message[2]) <= self.disk, "acknowledged, and not on the disk"

    def carry(self, frames, deliver):
        """Lost, twice, late, out of order."""
        for each in frames:
            for _ in range(self.dice.choice([0, 1, 1, 1, 1, 1, 1, 1, 2])):
                self.line.append((self.now_ms + self.dice.randrange(1500), deliver, each))

    def up(self, data):
        session = self.session
        session.receive(data, self.now_ms)
        due = self.now_ms + self.dice.randrange(600)
        for submission in session.submissions():
            bodies = [
                unpack_message(body)[1] if kind == MESSAGE else body for _, kind, body in submission.reports
            ]
            self.commits.append((due, session, bodies, submission.answers, None))
        for event in session.events():
            if isinstance(event, StoreMedia):
                self.commits.append((due, session, [event.data], None, event))
            else:
                assert isinstance(event, Authenticated | Uplink)

    def down(self, data):
        self.device.receive(data, self.acknowledged)

    def flush(self, session, data):
        """What the gateway sends, frame by frame."""
        if session is self.session and data:
            self.carry([b"\x7e" + each + b"\x7e" for each in data.split(b"\x7e") if each], self.down)

    def step(self):
        self.now_ms += STEP_MS
        self.device.tick(self.now_ms)
        out, self.device.out = self.device.out, []
        self.carry(out, self.up)
        due = [each for each in self.line if each[0] <= self.now_ms]
        self.line = [each for each in self.line if each[0] > self.now_ms]
        for _, deliver, data in due:
            deliver(data)
        self.session.tick(self.now_ms)
        for each in [each for each in self.commits if each[0] <= self.now_ms]:
            self.commits.remove(each)
            _, session, bodies, released, asked = each
            self.disk |= set(bodies)
            if asked is not None:
                asked.answer(True)
                self.flush(session, session.data_to_send())
            else:
                self.flush(session, released)
        self.flush(self.session, self.session.data_to_send())

    def restart(self, kill):
        """The line breaks; with `kill` the gateway dies with it, and what was not committed is gone."""
        self.deaths += kill
        if kill:
            self.commits = []
        self.line = []
        self.session.closed()
        self.device.lost()
        self.device.connected(self.now_ms)
        self.connect()


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
@pytest.mark.parametrize("number", range(2))
def test_long_messages_are_whole_on_the_disk_before_any_package_is_acknowledged(edition, number):
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    world = World(edition, seed)
    while (world.device.waiting or world.device.open or not world.deaths) and world.now_ms < DRAIN_MS:
        world.step()
        if world.now_ms < 200_000 and world.dice.random() < 0.004:
            world.restart(world.dice.random() < 0.5)
        if world.now_ms == 20_000:
            world.restart(kill=True)
    assert not world.device.waiting and not world.device.open, (seed, world.counters)
    assert {body for message in world.messages for body in message[2]} <= world.disk
    assert world.counters["packages_completed"] >= len(world.messages)
    assert (world.counters["packages_repeated"] and world.counters["packages_asked_for"]) or edition == 2011
    world.session.closed()
    assert world.house.budget.used == 0
