"""The conformance kit: our gateway passes every check in every edition; a careless platform is told what it
does wrong."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from protocols.wire.framing import FrameSplitter, build_frame
from protocols.wire.header import build_header, parse_header
from simulator.broker import free_port
from simulator.cli import app
from simulator.conformance.checks import CHECKS
from simulator.conformance.kit import Kit, Verdict
from tests.gateway.test_server import Running


def verdicts(port: int, edition: int) -> list[Verdict]:
    return list(Kit(("127.0.0.1", port), f"1980000{edition}", "云A80808", edition, 2).run())


def test_our_gateway_answers_as_the_standard_wants_it(tmp_path: Path) -> None:
    running = Running(tmp_path, asyncio.new_event_loop)
    try:
        for edition in (2011, 2013, 2019):
            found = verdicts(running.port, edition)
            assert len(found) == 1 + len(CHECKS)
            assert [each for each in found if each.reason] == [], edition
    finally:
        running.stop()


@contextmanager
def careless() -> Iterator[int]:
    """A platform that says yes to whatever comes, damaged frames but for; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                link, _ = listener.accept()
                threading.Thread(target=answer, args=(link,), daemon=True).start()

    def answer(link: socket.socket) -> None:
        splitter = FrameSplitter()
        with link, suppress(OSError):
            while data := link.recv(4096):
                for payload in splitter.receive(data):
                    link.sendall(yes_to(parse_header(payload)))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def yes_to(header) -> bytes:
    serial = header.serial.to_bytes(2, "big")
    registers = header.message_id == 0x0100
    body = serial + b"\0code" if registers else serial + header.message_id.to_bytes(2, "big") + b"\0"
    return build_frame(build_header(0x8100 if registers else 0x8001, len(body), header.phone, 1) + body)


def test_a_platform_that_says_yes_to_everything_is_told_so() -> None:
    with careless() as port:
        wrong = {each.check: each.reason for each in verdicts(port, 2013) if each.reason}
        ended = CliRunner().invoke(app, ["conform", f"--port={port}", "--edition=2013", "--json"])
    assert wrong == {
        "a position before authentication is not taken": "result 0, expected 1 or 2",
        "a wrong authentication code is refused": "result 0, expected 1",
        "an unknown message is answered with 3": "result 0, expected 3",
        "a body that is too short is refused": "result 0, expected 1 or 2",
    }
    assert ended.exit_code == 1
    told = json.loads(ended.stdout)
    assert told["ok"] is False
    assert {each["check"] for each in told["checks"] if each["reason"]} == wrong.keys()


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("--edition", "2020"), 2, "2011, 2013, 2019"),
        (("--phone", "none"), 2, "--phone"),
        (("--port", str(free_port())), 3, "no platform at 127.0.0.1"),
    ],
)
def test_what_cannot_be_asked_is_told(arguments: tuple[str, ...], code: int, complaint: str) -> None:
    ended = CliRunner().invoke(app, ["conform", *arguments])
    assert ended.exit_code == code
    assert complaint in ended.stderr
