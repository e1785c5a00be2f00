"""ESP32 and RP2 get new firmware over the air: their own loader and wiring under real MicroPython.

The chip is played by stand-ins (see boards/fakes); flash is a folder, the file systems of boards are tried by
`test_switch_cut`. What starts after the upgrade is the terminal as `simulator.desk.chips` links it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.package_upgrade import package
from simulator.desk import rom
from simulator.desk.build import ROM, launcher
from simulator.desk.chips import build_chip
from simulator.desk.desk import PARTITION_BYTES

from ...portable.interpreters import ROOT, micropython
from .test_desk_upgrade import KEY, VERSION, image
from .upgrade_platform import UpgradePlatform

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
FAKES = HERE.parent / "boards"
PATIENCE_S = 60
RESET_CODE = 75
LOOK_S = 0.02


class Chip:
    """A board that starts again whenever it resets itself. resets: how often it did.

    mapped: its three partitions of memory-mapped flash; none when it is empty.
    """

    def __init__(self, name: str, folder: Path, port: int, mapped: list[Path]) -> None:
        self.resets = 0
        folder.mkdir()
        config = {
            "phone": "13800138000",
            "edition": 2019,
            "plate_gbk": "云A12345".encode("gbk").hex(),
            "servers": [["127.0.0.1", port]],
            "reconnect_s": 1,
            "interval_s": 1,
            "ota_key": KEY.hex(),
            "trial_s": 10,
        }
        (folder / "config.json").write_text(json.dumps(config))
        path = f"{FAKES / 'fakes'}:{FAKES}:{ROOT}"
        self._environment = {**os.environ, "MICROPYPATH": path}
        heap = "1m" if mapped else "4m"  # what plays the chip, and keeps all that it heard, has most of it
        start = [*launcher(), ",".join(map(str, mapped))] if mapped else [micropython()]
        self._command = [*start, "-X", f"heapsize={heap}", str(HERE / "device_chip.py"), name, str(folder)]
        self._said = folder / "said.txt"
        self._process = self._start()

    @property
    def said(self) -> str:
        return self._said.read_text()

    def run_until(self, happened: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
        deadline = time.monotonic() + seconds
        while not happened():
            code = self._process.poll()
            assert code in (None, RESET_CODE), self.said
            if code is not None:
                self.resets += 1
                self._process = self._start()
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        self.stop()
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._said.open("ab") as said:
            return subprocess.Popen(self._command, env=self._environment, stdout=said, stderr=said)


@pytest.mark.parametrize(
    ("name", "partitions"),
    [
        ("rp2", 3),
        pytest.param("rp2", 0, marks=pytest.mark.soak),
        pytest.param("esp32", 0, marks=pytest.mark.soak),
    ],
)
def test_a_chip_takes_new_firmware_and_proves_it(tmp_path, name, partitions):
    mapped = [tmp_path / f"rom{number}.img" for number in range(partitions)]
    tree = build_chip(name, tmp_path / "tree")
    for path in mapped:
        deployed = (tree / ROM).read_bytes() if path == mapped[0] else b""
        path.write_bytes(deployed + b"\xff" * (PARTITION_BYTES - len(deployed)))
    with UpgradePlatform() as platform:
        platform.package = package(image(tmp_path, tree, page_settings=VERSION), KEY, "0.2.0", name)
        chip = Chip(name, tmp_path / "board", platform.port, mapped)
        try:
            assert chip.run_until(lambda: platform.results == [0]), (chip.said, platform.answers)
            assert platform.versions == ["0.1.0", "0.2.0"] and chip.resets == 1
            in_files = (tmp_path / "board" / "terminal" / "a" / "start.mpy").exists()
            written = [path.read_bytes().startswith(rom.MAGIC) for path in mapped]
            assert (in_files, written) == ((False, [True, True, False]) if mapped else (True, []))
        finally:
            chip.stop()


SLOT = """
import machine
from firmware.board.slots import folder_at
from firmware.terminal import boot_record
from firmware.terminal.store import Store
def main(path):
    {does}
    for _ in range(1000):
        for timer in machine.timers:
            timer.look()
    print("left alone")
"""
CONFIRMS = 'boot_record.write(Store(folder_at("terminal")), bytearray((1, boot_record.NO_SLOT, 0, 0)))'
LIVES = {  # what the firmware on trial does: how the process ends, the record that it leaves, the fault
    "hangs": ("pass", RESET_CODE, bytes((0, 1, 4, 0xFF)), b""),
    "confirms": (CONFIRMS, 0, bytes((1, 0xFF, 0, 0)), b""),
    "crashes": ("raise ValueError('boom')", RESET_CODE, bytes((0, 1, 4, 0xFF)), b"ValueError boom"),
}


@pytest.mark.parametrize("life", LIVES)
def test_the_loader_ends_a_trial_that_nobody_confirmed(tmp_path, life):
    """Also one whose firmware hangs before it has a watchdog: the clock is the loader's."""
    does, code, left, fault = LIVES[life]
    (tmp_path / "terminal" / "a").mkdir(parents=True)
    (tmp_path / "config.json").write_text('{"trial_s": 0}')
    (tmp_path / "terminal" / "a" / "start.py").write_text(SLOT.format(does=does))
    record = bytes((0, 1, 5, 0xFF))
    (tmp_path / "terminal" / "boot").write_bytes(zlib.crc32(record).to_bytes(4, "big") + record)
    script = "import machine, sys\nmachine.reset = lambda: sys.exit(75)\n"
    script += "from firmware.board.loader import start\nstart('no.factory')\n"
    done = subprocess.run(
        [micropython(), "-c", script],
        cwd=tmp_path, env={**os.environ, "MICROPYPATH": f"{FAKES / 'fakes'}:{ROOT}"},
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert ("left alone" in done.stdout) is (life == "confirms")
    assert (tmp_path / "terminal" / "boot").read_bytes()[4:] == left
    faults = tmp_path / "terminal" / "faults"
    assert (faults.read_bytes()[4:] if faults.exists() else b"") == fault
