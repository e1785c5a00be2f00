"""ESP32-S3 and RP2 from `config.json` to the platform: their start, wiring and loop under real MicroPython.

The chip is played by `fakes` and the modem, the receiver and the truck's scales by `devices`; everything from
there on is real, the platform's socket too. What no hardware has tried is said in docs/boards.md.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from protocols.wire import tables
from protocols.wire.bodies import decode_body
from protocols.wire.framing import build_frame
from protocols.wire.header import EDITION_2013, build_header, parse_header

from ...portable.interpreters import ROOT, micropython
from ..platform_server import PlatformServer

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

HERE = Path(__file__).parent
SECONDS = 40
EPOCHS = 25
PHONE = "13800138000"
PASSTHROUGH_DOWN, PASSTHROUGH_UP = 0x8900, 0x0900
SERIAL_1 = b"\x41"
SERIAL_2 = b"\x42"


class Platform(PlatformServer):
    """Says something to the first serial port before each answer, and takes what comes from there."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[bytes] = []
        self.said_before = _frame(PASSTHROUGH_DOWN, SERIAL_1 + b"weigh")
        self.said_before += _frame(PASSTHROUGH_DOWN, SERIAL_2 + b"print")

    def _answer(self, payload: bytes, serial: int) -> bytes:
        header = parse_header(payload)
        if header.message_id != PASSTHROUGH_UP:
            return super()._answer(payload, serial)
        self.passed.append(bytes(payload[header.body_at :]))
        values = {"reply_serial": header.serial, "reply_id": header.message_id, "result": 0}
        return self._frame(tables.MSG_PLATFORM_GENERAL_RESPONSE, header, values, serial)


def _frame(message_id: int, body: bytes) -> bytes:
    return build_frame(build_header(message_id, len(body), bytes.fromhex("013800138000"), 1) + body)


def provisioned(folder: Path, port: int, **board: object) -> None:
    config = {
        "phone": PHONE,
        "plate_gbk": "云A12345".encode("gbk").hex(),
        "servers": [["127.0.0.1", port]],
        "apn": "cmnet",
        "interval_s": 1,
        "presence_key": "5a" * 32,
        "presence_key_number": 1,
        "ota_key": "a5" * 32,
        "board": {"display": "st7789", **board},
    }
    (folder / "config.json").write_text(json.dumps(config))


def run_board(name: str, folder: Path) -> dict:
    """What the board's run told at its end."""
    path = f"{HERE / 'fakes'}:{HERE}:{ROOT}"
    command = [micropython(), "-X", "heapsize=4m", str(HERE / "device_board.py"), name, str(folder)]
    done = subprocess.run(
        [*command, str(SECONDS)],
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True, text=True, timeout=2 * SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["esp32", "rp2"])
def test_a_board_reports_what_its_receiver_says(tmp_path: Path, name: str) -> None:
    with Platform() as platform:
        provisioned(
            tmp_path, platform.port, **({"serial_uart": 0, "serial2_uart": 3} if name == "esp32" else {})
        )
        told = run_board(name, tmp_path)
    assert told["state"] == "online" and told["boot_reason"] == "wdt_reset", told
    assert told["acknowledged"] == told["emitted"] >= EPOCHS and not told["errors"], told
    reports = [decode_body(tables.MSG_POSITION_REPORT, EDITION_2013, body) for body in platform.bodies]
    assert {report["longitude_udeg"] for report in reports} >= {
        102_500_000 + round(at * 1_000_000 / 60) for at in range(EPOCHS)
    }
    assert all(report["status"] & 1 << tables.STATUS_ACC_ON for report in reports[2:])
    # MEMORY WRITE of an ST7789, at least a whole picture; the light behind it is on.
    assert {0x11, 0x29, 0x2A, 0x2B, 0x2C} <= set(told["commands"]) and told["pixels"] >= 240 * 240 * 2
    assert told["backlight"] == [1]
    assert told["made"][-1] == "Timer 1000"  # Ctrl-C: the watchdog does not bite who is at the prompt
    if name == "esp32":
        assert told["signal"] == 23
        assert "ATD*99***1#\r" in told["asked"] and 'AT+CGDCONT=1,"IP","cmnet"\r' in told["asked"]
        assert set(told["heard"].split("weigh")) == {""}
        assert set(told["heard2"].split("print")) == {""}
        for kind, said in ((SERIAL_1, b"echo weigh"), (SERIAL_2, b"echo print")):
            up = b"".join(body[1:] for body in platform.passed if body[:1] == kind)
            assert up.count(said) >= 1, platform.passed
        assert {body[:1] for body in platform.passed} == {SERIAL_1, SERIAL_2}
        assert "WDT 30000" in told["made"] and "atten 3" in told["made"]
    else:
        assert any(each.startswith('AT+CIPOPEN=0,"TCP","127.0.0.1",') for each in told["asked"])
        assert "WDT 8000" in told["made"]


@pytest.mark.slow
def test_a_name_that_no_board_has_is_said_and_leads_to_a_restart(tmp_path: Path) -> None:
    provisioned(tmp_path, 1, gnss_txx=5)
    script = "from firmware.board import chip\nfrom firmware.board.rp2.board import Board\n"
    script += "chip.CRASH_PAUSE_MS = 0\nchip.serve(Board)\n"
    done = subprocess.run(
        [micropython(), "-X", "heapsize=4m", "-c", script],
        cwd=tmp_path, env={**os.environ, "MICROPYPATH": f"{HERE / 'fakes'}:{ROOT}"},
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert "Restarted" in done.stdout + done.stderr
    assert "board.gnss_txx: no such name" in (tmp_path / "crash.txt").read_text()
