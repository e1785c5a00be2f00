"""A description becomes a file on the board; a wrong one is refused key by key; keys are never shown.

The board is the real MicroPython of the desk, its prompt on a pty.
"""

import json
import os
import pty
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest

from firmware.provision.device import Device, DeviceError
from firmware.provision.truck import TruckError, board_file, read, template

from ...portable.interpreters import ROOT, micropython


def described(tmp_path: Path, **changes: str) -> Path:
    """The template with lines replaced: key="value as TOML"."""
    lines = template().splitlines()
    for key, value in changes.items():
        at = [index for index, line in enumerate(lines) if line.split(" = ")[0] == key]
        lines[at[0] : at[0] + 1] = [f"{key} = {value}"]
    path = tmp_path / "truck.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def board(tmp_path: Path):
    """The port of a MicroPython whose files lie in the folder `board`."""
    folder = tmp_path / "board"
    folder.mkdir()
    ours, theirs = pty.openpty()
    _raw(theirs)
    child = subprocess.Popen(
        [micropython()], stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True
    )
    os.close(theirs)
    port_ours, port_theirs = pty.openpty()
    for descriptor in (port_ours, port_theirs):
        _raw(descriptor)
    pumps = [
        threading.Thread(target=_pump, args=pair, daemon=True)
        for pair in ((ours, port_ours), (port_ours, ours))
    ]
    for pump in pumps:
        pump.start()
    yield os.ttyname(port_theirs), folder
    child.kill()
    child.wait()
    for pump in pumps:
        pump.join(0)


def _raw(descriptor: int) -> None:
    attributes = termios.tcgetattr(descriptor)
    attributes[0] = attributes[1] = attributes[3] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


def _pump(source: int, target: int) -> None:
    while True:
        try:
            data = os.read(source, 4096)
            while data:
                data = data[os.write(target, data) :]
        except OSError:
            return


def provision(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "firmware.provision", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_template_is_a_valid_description(tmp_path: Path) -> None:
    truck = read(described(tmp_path))
    values = json.loads(board_file(truck))
    assert bytes.fromhex(values["plate_gbk"]).decode("gbk") == "云A12345"
    assert values["servers"] == [["203.0.113.10", 7808]]
    assert "plate" not in values and "keys" not in values


def test_a_new_key_is_new_each_time(tmp_path: Path) -> None:
    truck = read(described(tmp_path))
    keys = {json.loads(board_file(truck))["presence_key"] for _ in range(3)}
    assert len(keys) == 3 and all(len(key) == 64 for key in keys)


@pytest.mark.parametrize(
    "changes, complaint",
    [
        ({"phone": '"1391234567x"'}, "phone: "),
        ({"edition": "2016"}, "edition: "),
        ({"plate": '"😀"'}, "plate: .*not in GBK"),
        ({"servers": '["gateway"]'}, "servers: .*HOST:PORT"),
        ({"servers": "[]"}, "servers: "),
        ({"interval_s": "0"}, "interval_s: "),
        ({"presence": '"abc"'}, r"keys\.presence: .*64 hex digits"),
        ({"edition": "2013", "terminal_id": '"T00000001"'}, "terminal_id: 9 characters, edition 2013 has 7"),
        ({"edition": "2011", "phone": '"13912345678901"'}, "phone: 14 digits, edition 2011 has 12"),
        ({"apn": '"x"\ncolour = 1'}, "colour: "),
        ({"apn": "x"}, "truck.toml: "),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(TruckError, match=complaint):
        read(described(tmp_path, **changes))


def test_an_error_never_repeats_a_key(tmp_path: Path) -> None:
    secret = "5" * 63
    with pytest.raises(TruckError) as caught:
        read(described(tmp_path, presence=f'"{secret}"'))
    assert secret not in str(caught.value)


def test_the_description_gets_onto_a_real_micropython(board, tmp_path: Path) -> None:
    port, folder = board
    (folder / "config.json").write_text('{"phone": "old"}')
    done = provision("write", str(described(tmp_path)), "--port", port, "--no-restart")
    assert done.returncode == 0, done.stdout + done.stderr
    values = json.loads((folder / "config.json").read_text())
    assert values["phone"] == "13912345678" and len(values["presence_key"]) == 64
    assert not (folder / "config.new").exists()
    shown = provision("show", "--port", port, "--no-restart")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "云A12345" in shown.stdout and "(present)" in shown.stdout
    assert values["presence_key"] not in shown.stdout + done.stdout


def test_a_port_without_a_board_is_said() -> None:
    done = provision("show", "--port", "/dev/does-not-exist")
    assert done.returncode == 1
    assert "/dev/does-not-exist: cannot be opened" in done.stderr


def test_a_board_without_configuration_is_said(board) -> None:
    port, _ = board
    with Device(port, restart=False) as device, pytest.raises(DeviceError, match=port):
        device.read()
