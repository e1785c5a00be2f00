"""The whole program: compiled firmware under real MicroPython, pty UART, littlefs image, TCP."""

import os
import socket
import threading
import tty

import pytest

from protocols.wire.framing import FrameSplitter
from simulator.desk import build
from simulator.desk.desk import Desk
from simulator.desk.feeder import epochs

from ..recordings import NAMES, expected_positions, recording
from .platform_server import PlatformServer
from .test_nmea import epochs_of, sentence

PATIENCE_S = 30


@pytest.fixture
def platform():
    with PlatformServer() as server:
        yield server


@pytest.fixture
def desk(tmp_path, platform):
    made = Desk(
        tmp_path / "desk",
        [("127.0.0.1", platform.port)],
        "13800138000",
        plate="云A12345",
        edition=2019,
        terminal_id="T0001",
        interval_s=1,
        reconnect_s=1,
    )
    made.start()
    yield made
    made.stop()
    assert not made.errors


def drive(first: int, count: int) -> bytes:
    """An epoch a second."""
    data = b""
    for second in range(first, first + count):
        clock = f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}.00"
        place = f"25{second % 60:02}.5000,N,10243.0000,E"
        data += sentence(f"GNGGA,{clock},{place},1,9,1.0,1891.0,M,,M,,")
        data += sentence(f"GNRMC,{clock},A,{place},30.0,90.0,020326,,,A")
    return data


@pytest.mark.slow
def test_registers_reports_and_survives_power_cuts_without_loss(desk, platform):
    assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
    desk.feed(drive(100, 20))
    assert desk.wait_until(lambda: len(desk.acknowledged) >= 20, PATIENCE_S)
    platform.answering = False
    desk.feed(drive(120, 15))
    assert desk.wait_until(lambda: len(desk.emitted) >= 35, PATIENCE_S)
    desk.kill()
    platform.answering = True
    desk.start()
    assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S)
    desk.feed(drive(135, 10))
    assert desk.wait_until(lambda: len(desk.emitted) >= 45, PATIENCE_S)
    assert desk.wait_until(lambda: desk.acknowledged >= set(desk.emitted), PATIENCE_S)
    assert set(desk.emitted.values()) <= set(platform.bodies)
    assert set(platform.bodies) <= set(desk.emitted.values())
    assert len(set(desk.emitted.values())) == len(desk.emitted)
    assert platform.ids.count(0x0100) == 1, "the authentication code outlived the power cut"


@pytest.mark.slow
def test_datagrams_carry_reports_and_lost_ones_are_sent_again(tmp_path):
    with DatagramPlatform() as platform:
        made = Desk(
            tmp_path / "desk",
            [("127.0.0.1", platform.port)],
            "13800138000",
            interval_s=1,
            udp=1,
            answer_timeout_s=1,
        )
        try:
            made.start()
            assert made.wait_until(lambda: made.state == "online", PATIENCE_S), made.errors
            made.feed(drive(100, 12))
            assert made.wait_until(lambda: len(made.acknowledged) >= 12, PATIENCE_S), made.errors
            assert {made.emitted[each] for each in made.acknowledged} <= set(platform.inner.bodies)
            assert platform.lost > 3 and not made.errors
        finally:
            made.stop()


class DatagramPlatform:
    """A platform on a UDP port that loses every third datagram, both ways."""

    def __init__(self):
        self.inner = PlatformServer()
        self.lost = self._count = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="datagrams", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            data, peer = self._socket.recvfrom(2048)
            if not data:
                return
            if not self._is_lost():
                for payload in FrameSplitter().receive(data):
                    answer = self.inner._answer(payload, self._count & 0xFFFF)
                    if answer and not self._is_lost():
                        self._socket.sendto(answer, peer)

    def _is_lost(self):
        self._count += 1
        self.lost += self._count % 3 == 0
        return self._count % 3 == 0


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(3))
def test_killed_at_any_moment_under_load(desk, platform, moment):
    assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
    for round_number in range(3):
        before = len(desk.emitted)
        desk.feed(drive(1000 + 100 * round_number, 30))
        wanted = before + 3 + 8 * moment
        assert desk.wait_until(lambda wanted=wanted: len(desk.emitted) >= wanted, PATIENCE_S)
        desk.restart()
        assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S)
    assert desk.wait_until(lambda: desk.counts[2] == 0, PATIENCE_S)
    missing = set(desk.emitted.values()) - set(platform.bodies)
    assert not missing
    assert set(platform.bodies) <= set(desk.emitted.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_drive_arrives_as_gpsd_saw_it(desk, platform, name):
    data = recording(name)
    assert desk.wait_until(lambda: desk.state == "online", PATIENCE_S), desk.errors
    seconds = {(fix["day"], fix["second"]) for fix in epochs_of(data)[0] if fix["valid"]}
    assert desk.play(data, 20).done.wait(PATIENCE_S)
    assert desk.wait_until(lambda: len(fixed(desk.emitted.values())) >= len(seconds), PATIENCE_S)
    assert desk.wait_until(lambda: desk.acknowledged >= set(desk.emitted), PATIENCE_S)
    positions = {
        (round(abs(answer["lat"]) * 1e6), round(abs(answer["lon"]) * 1e6))
        for answer in expected_positions(name)
    }
    for body in fixed(platform.bodies):
        place = int.from_bytes(body[8:12], "big"), int.from_bytes(body[12:16], "big")
        assert any(abs(place[0] - p[0]) <= 1 and abs(place[1] - p[1]) <= 1 for p in positions)
    assert set(platform.bodies) == set(desk.emitted.values())
    assert desk.cable.overrun_bytes == 0


def fixed(bodies):
    return [body for body in bodies if body[7] & 2]


def test_a_flash_image_that_is_no_file_system_is_not_formatted(tmp_path, platform):
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "flash.img").write_bytes(b"\x55" * 4096 * 512)
    made = Desk(tmp_path / "desk", [("127.0.0.1", platform.port)], "13800138000")
    made.start()
    assert made.wait_until(lambda: not made.running and "OSError" in made.errors, PATIENCE_S), made.errors
    made.stop()
    assert (tmp_path / "desk" / "flash.img").read_bytes() == b"\x55" * 4096 * 512


def test_the_feeder_knows_the_pace():
    data = drive(100, 3) + sentence("GPRMC,,V,,,,,,,,,,N") + drive(200, 1)
    assert [step for step, _ in epochs(data)] == [1.0, 1.0, 1.0, 1.0, 1.0]
    assert b"".join(part for _, part in epochs(data)) == data


def test_the_feeder_never_parts_an_epoch_whatever_comes_first():
    lines = drive(100, 3).splitlines(keepends=True)
    for first in (0, 1):
        data = b"".join(lines[n + (first ^ (n % 2)) - n % 2] for n in range(6))
        assert [part.count(b"\r\n") for _, part in epochs(data)] == [2, 2, 2]
        assert b"".join(part for _, part in epochs(data)) == data


def test_a_sequence_given_to_two_reports_is_an_error(desk_off):
    for line in ("emit 1 aa\n", "emit 1 aa\n", "emit 2 aa\n"):
        desk_off._note(line)
    assert not desk_off.errors and len(desk_off.emitted) == 2
    desk_off._note("emit 1 bb\n")
    assert "sequence 1" in desk_off.errors


@pytest.fixture
def desk_off(tmp_path):
    made = Desk(tmp_path, [("127.0.0.1", 1)], "13800138000")
    yield made
    made.stop()


@pytest.mark.slow
def test_a_receiver_that_is_unplugged_costs_no_processor_and_is_found_again(tmp_path, platform, monkeypatch):
    """The tty hangs up; poll tells of that for ever, and the loop must not listen for ever."""
    # The desk leads a session, so the tty becomes its terminal and sends SIGHUP; a board has no such thing.
    deaf = tmp_path / "micropython"
    deaf.write_text(f"#!/bin/sh\ntrap '' HUP\nexec {build.interpreter()[0]} \"$@\"\n")
    deaf.chmod(0o755)
    monkeypatch.setenv("MICROPYTHON", str(deaf))
    tty_path = tmp_path / "gnss"
    made = Desk(
        tmp_path / "desk", [("127.0.0.1", platform.port)], "13800138000", interval_s=1, uart=str(tty_path)
    )
    master = plug_in(tty_path)
    try:
        made.start()
        assert made.wait_until(lambda: made.state == "online", PATIENCE_S), made.errors
        os.close(master)
        master = -1
        before = processor_s(made.pid)
        assert not made.wait_until(lambda: not made.running, 1.0)
        assert processor_s(made.pid) - before < 0.5
        master = plug_in(tty_path)
        # It looks every two seconds; what comes before it looks is not heard.
        second = iter(range(1000, 1300))
        assert made.wait_until(lambda: os.write(master, drive(next(second), 1)) and made.emitted, PATIENCE_S)
    finally:
        made.stop()
        if master >= 0:
            os.close(master)
    assert not made.errors


def plug_in(path):
    """A new pseudo-terminal behind `path`; gives the end of the receiver."""
    master, slave = os.openpty()
    tty.setraw(slave)
    path.unlink(missing_ok=True)
    path.symlink_to(os.ttyname(slave))
    os.close(slave)
    return master


def processor_s(pid):
    """Seconds of processor time that the process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
