"""Pictures from the real terminal core to the real gateway core and its store on the disk, over a bad line.

Nothing is lost for good: what the line loses is asked for by 0x8800 or 0x8003; what a cut ends begins anew.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter

import pytest

from edge_gateway.media import MediaStore, NewMedia
from edge_gateway.media.schema import PICTURE
from edge_gateway.session import House, Session, SessionLimits, StoreMedia, Uplink
from firmware.terminal.pages.media import resume
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.record_log import RecordLog
from firmware.terminal.session import CODE_NAME
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal
from protocols.jt808 import fast, walk
from protocols.wire import tables
from tests.firmware.platform_script import sentence
from tests.gateway.session_desk import CODE, OpenDoor
from tests.gateway.support import DEADLINE_S

PHONE = "13800138000"
STEP_MS = 100
PATIENCE_MS = 900_000


class Camera:
    """Writes pictures of so many random bytes, in pieces. pictures: all of them."""

    def __init__(self, dice: random.Random, size: int) -> None:
        self.pictures: list[bytes] = []
        self.works = True
        self._dice = dice
        self._size = size

    def take(self, file) -> bool:
        picture = b"\xff\xd8" + self._dice.randbytes(self._size) + b"\xff\xd9"
        for at in range(0, len(picture), 300):
            file.write(picture[at : at + 300])
        self.pictures.append(picture)
        return self.works


class Board:
    """The terminal's board: a camera, and no action."""

    def __init__(self, camera: Camera | None) -> None:
        self.camera = camera

    def offers(self, action: int) -> bool:
        return False

    def act(self, action: int, value: object) -> bool:
        return False


class World:
    """Terminal, gateway core, media store, and a line that loses `loss` of the frames each way."""

    def __init__(self, tmp_path, edition: int, seed: int, loss: float = 0.0, size: int = 9000) -> None:
        self.dice = random.Random(seed)
        self.edition, self.loss = edition, loss
        self.camera = Camera(self.dice, size)
        self.store = MediaStore(tmp_path / "media")
        self.counters: Counter[str] = Counter()
        self.house = House(media=True)
        self.uplinks: list[Uplink] = []
        self.files = RamFiles()
        keep = Store(self.files)
        keep.put(CODE_NAME, CODE)
        self.settings = Settings(
            phone=PHONE, edition=edition, store=keep, servers=(("main", 1),), retransmissions=10
        )
        self.now_ms = 0
        self.session: Session | None = None
        self.power_on()

    def power_on(self) -> None:
        """A new terminal on the same flash; the line breaks."""
        if self.session is not None:
            self.session.closed()
        self.session = None
        self.terminal = Terminal(self.settings, RecordLog(self.files, 500, 10), lambda: 0, Board(self.camera))
        resume(self.terminal)

    def cut(self) -> None:
        """The line breaks."""
        assert self.session is not None
        self.session.closed()
        self.session = None
        self.terminal.link_closed(self.now_ms)

    def order(self, message_id: int, values: dict) -> int:
        """The gateway says something; gives its serial. Not lost: orders are tested elsewhere."""
        assert self.session is not None
        (serial,) = self.session.send(
            message_id, walk.encode_body(message_id, self.edition, values), self.now_ms
        )
        self.terminal.receive(self.session.data_to_send(), self.now_ms)
        return serial

    def shoot(self, count: int = 1, save: int = 0, interval_s: int = 0, channel: int = 1) -> int:
        values = dict.fromkeys(("resolution", "quality", "brightness", "contrast", "saturation", "chroma"), 1)
        values |= {"channel": channel, "command": count, "interval_s": interval_s, "save": save}
        return self.order(0x8801, values)

    def step(self) -> None:
        self.now_ms += STEP_MS
        self.terminal.tick(self.now_ms)
        if self.terminal.wants_link() is not None and self.session is None:
            limits = SessionLimits()
            self.session = Session(OpenDoor(self.edition), limits, self.counters, self.now_ms, self.house)
            self.terminal.link_opened(self.now_ms)
        if self.session is None:
            return
        if self.terminal.wants_close():
            self.cut()
            return
        self._carry(self.session)

    def _carry(self, session: Session) -> None:
        frame = self.terminal.data_to_send()
        while frame is not None:
            if not self._is_lost():
                session.receive(frame, self.now_ms)
            frame = self.terminal.data_to_send()
        session.tick(self.now_ms)
        released = b""
        for submission in session.submissions():
            released += submission.answers
        for event in session.events():
            if isinstance(event, StoreMedia):
                self._keep(event)
            elif isinstance(event, Uplink):
                self.uplinks.append(event)
        for each in (released + session.data_to_send()).split(b"\x7e"):
            if each and not self._is_lost():
                self.terminal.receive(b"\x7e" + each + b"\x7e", self.now_ms)

    def _keep(self, asked: StoreMedia) -> None:
        done = threading.Event()
        told: list[bool] = []
        media = NewMedia(
            asked.identity, PICTURE, 1000 + asked.media_id, asked.media_id, asked.type, asked.format,
            asked.event, asked.channel, asked.position,
        )  # fmt: skip
        self.store.put(media, asked.data, lambda stored: (told.append(stored), done.set()))
        assert done.wait(DEADLINE_S)
        asked.answer(told[0])

    def _is_lost(self) -> bool:
        return self.terminal.online and self.dice.random() < self.loss

    def until(self, happened) -> None:
        end_ms = self.now_ms + PATIENCE_MS
        while not happened():
            self.step()
            assert self.now_ms < end_ms, (self.counters, self.stored(), self.terminal.health.errors())

    def stored(self) -> list[bytes]:
        """What is on the gateway's disk, by the picture's number."""
        items = sorted(self.store.list(), key=lambda item: item.media_id)
        return [self.store.path_of(item).read_bytes() for item in items]

    def answers(self, message_id: int) -> list[dict]:
        return [
            fast.decode_body(message_id, self.edition, each.body)
            for each in self.uplinks
            if each.message_id == message_id
        ]

    def on_flash(self) -> list[str]:
        """Marks of the pictures on the terminal's flash."""
        return sorted(name[10] for name in self.files.contents if name[8:10] == ".p")


@pytest.fixture
def world(tmp_path, request):
    made: list[World] = []

    def make(edition: int = 2013, **more) -> World:
        seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
        print(f"seed {seed}")
        made.append(World(tmp_path, edition, seed, **more))
        made[0].until(lambda: made[0].terminal.online)
        return made[0]

    yield make
    for each in made:
        each.store.close()


@pytest.mark.parametrize("edition", [2011, 2013, 2019])
def test_a_picture_is_taken_uploaded_and_gone_from_flash(world, edition):
    w = world(edition)
    serial = w.shoot()
    w.until(lambda: not w.terminal.media)
    assert w.stored() == w.camera.pictures and len(w.camera.pictures) == 1
    assert w.on_flash() == []
    if edition != 2011:
        (answer,) = w.answers(0x0805)
        assert (answer["reply_serial"], answer["result"], answer["media_ids"]) == (serial, 0, [1])
        (item,) = w.store.list()
        assert (item.media_id, item.channel, item.event, len(item.position)) == (1, 1, 0, 28)


@pytest.mark.parametrize("edition", [2013, 2019])
def test_a_line_that_loses_a_fifth_still_brings_every_byte(world, edition):
    w = world(edition, loss=0.2, size=20000)
    w.shoot(count=3)
    w.until(lambda: len(w.camera.pictures) == 3 and not w.terminal.media)
    assert w.stored() == w.camera.pictures
    assert w.counters["packages_asked_for"] > 0


def test_a_cut_in_the_middle_and_a_new_start_bring_the_picture_all_the_same(world):
    w = world(size=30000)
    w.shoot()
    for _ in range(8):
        w.step()
    assert not w.stored()
    w.cut()
    w.until(lambda: w.terminal.online)
    for _ in range(5):
        w.step()
    w.power_on()  # the power was cut, too
    w.until(lambda: not w.terminal.media)
    assert w.stored() == w.camera.pictures and w.on_flash() == []


def test_stored_pictures_are_found_and_uploaded_on_demand(world):
    w = world()
    w.shoot(count=2, save=1, interval_s=1)
    w.until(lambda: len(w.camera.pictures) == 2 and not w.terminal.media)
    assert w.on_flash() == ["s", "s"] and not w.stored()
    everything = {"type": 0, "channel": 0, "event": 0, "start_bcd": bytes(6), "end_bcd": bytes(6)}
    w.order(0x8802, everything)
    w.until(lambda: w.answers(0x0802))
    (found,) = w.answers(0x0802)
    assert [item["media_id"] for item in found["items"]] == [1, 2]
    w.order(0x8805, {"media_id": 2, "deletion": 0})
    w.until(lambda: len(w.stored()) == 1 and not w.terminal.media)
    assert w.stored() == [w.camera.pictures[1]] and w.on_flash() == ["s", "s"]
    w.order(0x8803, everything | {"deletion": 1})
    w.until(lambda: len(w.stored()) == 2 and not w.terminal.media)
    assert w.stored() == w.camera.pictures and w.on_flash() == []
    w.order(0x8802, everything | {"channel": 2})
    w.until(lambda: len(w.answers(0x0802)) == 2)
    assert w.answers(0x0802)[1]["items"] == []


def set_parameters(w, **values: int) -> None:
    numbers = {"camera": 0x0052, "stored": 0x0053, "timed": 0x0064, "passed": 0x0065}
    items = [{"id": numbers[name], "value": value.to_bytes(4, "big")} for name, value in values.items()]
    w.order(0x8103, {"count": len(items), "parameters": items})


def drive(w, seconds: int, start: int = 36000, knots: float = 40.0) -> None:
    """A fix a second."""
    for second in range(start, start + seconds):
        clock = f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}.00"
        data = sentence(f"GNRMC,{clock},A,2501.0,N,10243.0,E,{knots},90.0,020326,,,A")
        w.terminal.feed_gnss(data, len(data), w.now_ms)
        for _ in range(10):
            w.step()


def test_alarms_take_pictures_as_the_parameters_say(world):
    """0x0052 names the alarms, 0x0053 those whose picture is only stored."""
    w = world(size=500)
    collision, emergency, overspeed = tables.ALARM_COLLISION, tables.ALARM_EMERGENCY, tables.ALARM_OVERSPEED
    set_parameters(w, camera=1 << collision | 1 << overspeed, stored=1 << overspeed)
    drive(w, 3)
    w.terminal.set_alarm(emergency, True, w.now_ms)
    drive(w, 3, 36003)
    assert not w.camera.pictures, "nobody asked for pictures of that one"
    w.terminal.set_alarm(collision, True, w.now_ms)
    drive(w, 5, 36006)
    w.until(lambda: not w.terminal.media and not w.terminal.mail.held)
    assert w.stored() == w.camera.pictures and [item.event for item in w.store.list()] == [3]
    w.terminal.set_alarm(overspeed, True, w.now_ms)
    drive(w, 5, 36011)
    assert len(w.camera.pictures) == 2 and len(w.stored()) == 1 and w.on_flash() == ["s"]
    drive(w, 30, 36016)  # alarms that go on take no more
    assert len(w.camera.pictures) == 2 and not w.answers(0x0805)


def test_pictures_are_taken_by_time_and_by_distance(world):
    w = world(size=500)
    set_parameters(w, timed=20 << 17 | 1 << 8 | 1)  # every 20 s, uploaded
    drive(w, 75)
    events = [item.event for item in w.store.list()]
    assert events in ([1] * 2, [1] * 3), events  # begun within half a minute
    set_parameters(w, timed=0, passed=500 << 17 | 1)  # every 500 m, stored
    drive(w, 75, 36075)  # 1.5 km
    assert [item.event for item in w.store.list()] == events
    assert w.on_flash() in (["s"] * 2, ["s"] * 3)
    set_parameters(w, passed=0)
    count = len(w.camera.pictures)
    drive(w, 60, 36150)
    assert len(w.camera.pictures) == count and w.terminal.media is None


def test_flash_never_holds_more_than_its_bound(world):
    w = world(size=100)
    for _ in range(3):
        w.shoot(count=8, save=1)
        w.until(lambda: not w.terminal.media)
    assert len(w.camera.pictures) == 24 and len(w.on_flash()) == 16


def test_a_picture_that_is_too_large_or_fails_is_said(world):
    w = world(size=70000)
    w.shoot()
    w.until(lambda: w.answers(0x0805))
    assert w.answers(0x0805)[0]["result"] == 1 and w.on_flash() == []
    w.camera._size, w.camera.works = 100, False
    w.shoot()
    w.until(lambda: len(w.answers(0x0805)) == 2)
    assert w.answers(0x0805)[1]["result"] == 1 and w.on_flash() == []
    w.shoot(channel=2)
    w.until(lambda: len(w.answers(0x0805)) == 3)
    assert w.answers(0x0805)[2]["result"] == 2


def test_sound_and_film_are_not_supported_and_said_so(world):
    w = world()
    before = w.terminal.unsupported
    w.order(0x8804, {"command": 1, "duration_s": 5, "save": 0, "rate": 0})
    w.shoot(count=0xFFFF)
    assert w.terminal.unsupported == before + 2


def test_positions_go_first(world):
    """A report that is made while a picture is on the line does not wait for its end."""
    w = world(size=60000)
    w.shoot()
    for _ in range(3):
        w.step()
    assert w.terminal.media and w.terminal.data_to_send() is None  # a burst, and then a pause for others
