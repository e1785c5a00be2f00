"""A description becomes a file on the board; a wrong one is refused key by key; keys are never shown.

The board is the real MicroPython of the desk, its prompt on a pty.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.provision.device import Device, DeviceError
from firmware.provision.keys import hand_over
from firmware.provision.truck import TruckError, board_file, read, template
from protocols.driver_code.lists import read_presence, read_seals, write_seals

from ...portable.interpreters import ROOT
from .boards import prompt_in


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
    with prompt_in(folder) as port:
        yield port, folder


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


def test_a_board_s_wires_go_along(tmp_path: Path) -> None:
    wires = '""\n[board]\nkind = "rp2"\ndisplay = "ssd1680"\nmodem_reset = -1'
    values = json.loads(board_file(read(described(tmp_path, ota=wires))))
    assert values["board"] == {"display": "ssd1680", "modem_reset": -1}


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
        ({"ota": '""\n[board]\nkind = "esp32"\ngnss_txx = 1'}, "board: .*gnss_txx: no such name on esp32"),
        ({"ota": '""\n[board]\nkind = "rp2"\nsupply = "26"'}, "board: .*supply: int is needed"),
        ({"ota": '""\n[board]\nkind = "rp2"\ndisplay = "hd44780"'}, "board: .*display: one of st7789"),
        ({"ota": '""\n[board]\nkind = "z80"'}, r"board\.kind: "),
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
    (tmp_path / "seals").write_bytes(write_seals({"13900000000": bytes(32)}))
    files = ["--seals", str(tmp_path / "seals"), "--presence", str(tmp_path / "presence")]
    done = provision("write", str(described(tmp_path)), "--port", port, "--no-restart", *files)
    assert done.returncode == 0, done.stdout + done.stderr
    values = json.loads((folder / "config.json").read_text())
    key = bytes.fromhex(values["presence_key"])
    assert read_seals((tmp_path / "seals").read_bytes()) == {"13900000000": bytes(32), "13912345678": key}
    assert read_presence((tmp_path / "presence").read_bytes()) == {1: key}
    assert all((tmp_path / name).stat().st_mode & 0o777 == 0o600 for name in ("seals", "presence"))
    assert values["phone"] == "13912345678" and len(values["presence_key"]) == 64
    assert not (folder / "config.new").exists()
    shown = provision("show", "--port", port, "--no-restart")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "云A12345" in shown.stdout and "(present)" in shown.stdout
    assert values["presence_key"] not in shown.stdout + done.stdout


def test_a_key_that_cannot_be_handed_over_is_said(tmp_path: Path) -> None:
    keyless = board_file(read(described(tmp_path, presence='""')))
    with pytest.raises(TruckError, match=r"keys\.presence: there is no key"):
        hand_over(keyless, tmp_path / "seals", None)
    nameless = board_file(read(described(tmp_path, presence_number="0")))
    with pytest.raises(TruckError, match=r"keys\.presence_number: from 1"):
        hand_over(nameless, None, tmp_path / "presence")
    (tmp_path / "seals").write_text("{}")
    with pytest.raises(TruckError, match="seals: seals: at most"):
        hand_over(board_file(read(described(tmp_path))), tmp_path / "seals", None)


def test_a_port_without_a_board_is_said() -> None:
    done = provision("show", "--port", "/dev/does-not-exist")
    assert done.returncode == 1
    assert "/dev/does-not-exist: cannot be opened" in done.stderr


def test_a_board_without_configuration_is_said(board) -> None:
    port, _ = board
    with Device(port, restart=False) as device, pytest.raises(DeviceError, match=port):
        device.read()
