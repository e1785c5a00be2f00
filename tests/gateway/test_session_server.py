"""The further rooms of the session behind a real socket: pictures to the disk, packages on the timer."""

import pytest

from edge_gateway.config_file import parse
from edge_gateway.media import MediaService
from edge_gateway.server import ServerLimits, deliver_to
from edge_gateway.session import PackageLimits, SessionLimits
from edge_gateway.session.house import house_of
from protocols.jt808 import fast
from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import build_header, parse_header

from .support import body_of, frame, wait_for
from .test_server import LOOPS, Running, Truck

PICTURE = bytes.fromhex("00000007 00 00 01 02") + body_of(1)[:28] + bytes(range(256)) * 10


class Camera(Truck):
    """A truck that sends in packages and hears whole frames."""

    def package(self, number, first_serial=50, total=3, size=1000):
        piece = PICTURE[(number - 1) * size : number * size]
        header = build_header(
            0x0801, len(piece), self.phone, first_serial + number - 1, total=total, number=number
        )
        self.socket.sendall(build_frame(header + piece))

    def next_payload(self, splitter):
        while not (found := splitter.receive(self.socket.recv(65536))):
            pass
        return parse_header(found[0]).message_id, found[0]


@pytest.fixture(params=LOOPS)
def running(request, tmp_path):
    packages = PackageLimits(ask_ms=100)
    limits = ServerLimits(session=SessionLimits(packages=packages))
    running = Running(tmp_path, request.param, limits)
    config = parse({}, tmp_path)
    server = running.server
    server.house = house_of(config.sessions, running.registry, media=True)
    deliver = deliver_to(running.loop, lambda: server)
    server.media = MediaService(config.media, tmp_path / "media", running.loop, deliver)
    yield running
    running.stop()
    server.media.store.close()


def test_a_picture_comes_in_packages_is_asked_for_and_stored(running):
    camera = Camera(running.port)
    camera.log_in()
    splitter = FrameSplitter()
    camera.package(1)
    camera.package(3)
    message_id, payload = camera.next_payload(splitter)
    assert message_id == 0x8800, "the server's timer asks for what is missing"
    values = fast.decode_body(0x8800, 2013, payload[12:])
    assert (values["media_id"], values["missing"]["numbers"]) == (7, [2])
    camera.package(2)
    message_id, payload = camera.next_payload(splitter)
    assert message_id == 0x8800 and payload[12:] == bytes.fromhex("00000007")
    (item,) = running.server.media.store.list("13800138000")
    assert running.server.media.store.path_of(item).read_bytes() == bytes(range(256)) * 10
    assert item.position == body_of(1)[:28]
    camera.socket.close()
    wait_for(lambda: running.server.house.budget.used == 0, "the budget given back")


class Ear:
    """A listener that keeps what it is told."""

    def __init__(self):
        self.heard = []

    def online(self, identity, edition, send):
        self.heard.append(("online", identity))

    def offline(self, identity):
        self.heard.append(("offline", identity))

    def edition_seen(self, identity, edition):
        self.heard.append(("edition", identity))

    def answered(self, identity, message_id, serial, result):
        self.heard.append((identity, message_id, serial, result))

    def uplink(self, identity, message_id, reply_serial, body, edition):
        self.heard.append((identity, message_id, reply_serial, body))


def test_an_answer_counts_although_the_terminal_leaves_in_the_same_breath(running):
    """0x0001 and 0x0003 in one read: whoever asked is told before the terminal is nobody any more."""
    ear = running.server.listener = Ear()
    truck = Truck(running.port)
    truck.log_in()
    answer = frame(0x0001, bytes.fromhex("0007 8300 00"), 8, truck.phone)
    truck.socket.sendall(answer + frame(0x0003, b"", 9, truck.phone))
    wait_for(lambda: ("offline", "13800138000") in ear.heard, "it to leave")
    assert ear.heard == [("online", "13800138000"), ("13800138000", 0x8300, 7, 0), ("offline", "13800138000")]
    truck.socket.close()
