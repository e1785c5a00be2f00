"""The serial line through a pseudo-terminal: a bare receiver, and a terminal, into a real gateway."""

import json
import os
import pty
import signal
import subprocess
import tty
from datetime import UTC, datetime

import pynmea2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.serial_line.fixes import Fix, Receiver, body_of
from edge_gateway.serial_line.reporter import RESEND_MS, Reporter
from protocols.monitoring.reading import read_position
from protocols.wire.framing import FrameSplitter
from tests.gateway.support import DEADLINE_S, PHONE_2013, Answer, frame, wait_for
from tests.gateway.test_cli import COMMAND, CONFIG, Process, ask
from tests.gateway.test_session import registration

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

PHONE = "013912345678"
EXPORT = ("journal", "export")
IN_FULL = ("--unmasked", "--purpose", "monitoring")


def sentences(second, valid="A"):
    """GGA and RMC of one epoch at Kunming."""
    at = f"0304{second:02d}.00"
    gga = pynmea2.GGA(
        "GN",
        "GGA",
        (at, "2502.3000", "N", "10242.6000", "E", "1", "12", "0.8", "1891.4", "M", "0", "M", "", ""),
    )
    rmc = pynmea2.RMC(
        "GN", "RMC", (at, valid, "2502.3000", "N", "10242.6000", "E", "32.4", "090.4", "020126", "", "", "A")
    )
    return f"{gga}\r\n{rmc}\r\n".encode("ascii")


@pytest.fixture
def port():
    """A pseudo-terminal: (our end, the name of the other)."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG)
    return path


def line(config, process, name, *more):
    log = (config.parent / "line").open("a")
    command = [*COMMAND, "serial", str(config), name, "--gateway-port", str(process.port), *more]
    return subprocess.Popen(command, stdout=log, stderr=log)


def end(child):
    child.send_signal(signal.SIGTERM)
    assert child.wait(DEADLINE_S) == 0


@pytest.mark.slow
def test_a_bare_receiver_reports_as_a_terminal(port, config):
    ours, name = port
    process = Process(config)
    child = line(config, process, name, "--phone", PHONE, "--interval", "0.1")
    try:

        def exported():
            os.write(ours, sentences(5))
            return [json.loads(each) for each in ask(*EXPORT, config, *IN_FULL).stdout.splitlines()]

        wait_for(lambda: exported())
        record = exported()[0]
        assert (
            record["report"]["latitude_udeg"] == 25_038_333
            and record["report"]["longitude_udeg"] == 102_710_000
        )
        assert (record["report"]["speed_dkmh"], record["report"]["altitude_m"]) == (600, 1891)
        assert record["reported_at"].startswith("2026-01-02T03:04:05")
        code = config.parent / "data" / f"serial-{PHONE.lstrip('0')}.code"
        assert code.stat().st_mode & 0o077 == 0 and code.read_text()
    finally:
        end(child)
        process.end()
    log = (config.parent / "line").read_text()
    assert code.read_text() not in log


def test_a_terminal_on_a_port_is_carried_to_the_gateway(port, config):
    ours, name = port
    process = Process(config)
    child = line(config, process, name)
    splitter = FrameSplitter()
    try:
        os.set_blocking(ours, False)
        heard = []

        def answered():
            try:
                heard.extend(splitter.receive(os.read(ours, 4096)))
            except BlockingIOError:
                return False
            return heard

        wait_for(lambda: "serial line open" in (config.parent / "line").read_text())
        os.write(ours, frame(0x0100, registration(2013), 1, PHONE_2013))
        wait_for(answered)
        answer = Answer(heard[0])
        assert (answer.id, answer.result) == (0x8100, 0) and answer.auth_code
    finally:
        end(child)
        process.end()


def test_a_port_that_is_not_there_is_named(config):
    done = ask("serial", config, "/dev/no-such-port", "--gateway-port", "1")
    assert done.returncode == 1 and "/dev/no-such-port" in done.stderr and "Traceback" not in done.stderr
    wrong = ask("serial", config, "/dev/null", "--phone", "12x", "--gateway-port", "1")
    assert wrong.returncode == 2 and "--phone" in wrong.stderr


@given(st.binary(max_size=300), st.integers(1, 40))
def test_noise_on_the_port_costs_nothing_but_itself(noise, size):
    receiver = Receiver()
    stream, fixes = noise + b"\n" + sentences(7), []
    for at in range(0, len(stream), size):
        fixes += receiver.receive(stream[at : at + size])
    assert fixes[-1].at == datetime(2026, 1, 2, 3, 4, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("latitude", "longitude", "valid"), [(25.5, 102.7, True), (-1.25, -70.5, True), (0.0, 0.0, False)]
)
def test_a_fix_is_read_back_as_it_was(latitude, longitude, valid):
    fix = Fix(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), latitude, longitude, 123, 359, 12, valid)
    read = read_position(body_of(fix, 2013))
    assert (read.latitude_udeg, read.longitude_udeg) == (round(latitude * 1e6), round(longitude * 1e6))
    assert (read.fixed, read.speed_dkmh, read.direction_deg) == (valid, 123, 359)
    assert read.reported_ms == int(fix.at.timestamp() * 1000)


def test_sentences_that_lie_are_counted():
    receiver = Receiver()
    good = sentences(5).decode()
    for line_ in (good.replace("2502", "2503"), "$GNRMC,x\r\n", "$GNRMC,,V,,,,,,,,,,N*4D\r\n"):
        assert receiver.receive(line_.encode()) in ([], receiver.receive(b""))
    assert receiver.rejected >= 2
    (void,) = receiver.receive(sentences(6, "V"))
    assert not void.valid and (void.latitude, void.longitude) == (0.0, 0.0)


def test_a_report_is_said_again_until_it_is_acknowledged():
    from edge_gateway.session.answers import Speaker
    from protocols.wire.header import parse_header

    reporter, platform, splitter = Reporter(PHONE_2013, "code"), Speaker(), FrameSplitter()

    def heard():
        return [parse_header(payload) for payload in splitter.receive(reporter.data_to_send())]

    reporter.opened(0)
    (authentication,) = heard()
    reporter.report(b"one", 0)
    reporter.report(b"two", 0)
    assert authentication.message_id == 0x0102 and heard() == []
    reporter.receive(platform.general(authentication, 0), 10)
    (first,) = heard()
    reporter.tick(10 + RESEND_MS - 1)
    assert heard() == []
    reporter.tick(10 + RESEND_MS)
    assert heard()[0].serial == first.serial
    reporter.receive(platform.general(first, 1), 6000)  # a full journal: later again
    assert heard() == [] and reporter.held == 2
    reporter.tick(6000 + RESEND_MS)
    (again,) = heard()
    reporter.receive(platform.general(again, 0), 12_000)
    assert reporter.held == 1 and len(heard()) == 1
    reporter.opened(13_000)
    (authentication,) = heard()
    reporter.receive(platform.general(authentication, 1), 13_001)
    assert heard()[0].message_id == 0x0100 and reporter.code == ""
