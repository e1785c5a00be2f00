"""The whole way under real MicroPython: a firmware comes, starts, and proves itself or is rolled back."""

import re
import subprocess

import pytest

from firmware.package_upgrade import package, read_tree
from simulator.desk import build, rom
from simulator.desk.desk import Desk

from ...portable.interpreters import mpy_cross
from .upgrade_platform import UpgradePlatform

KEY = bytes(range(100, 132))
PATIENCE_S = 60
HEAP = "104k"
FILES_HEAP = "144k"
STATE = 0xF2  # of 0x8900: the terminal tells how it is

pytestmark = pytest.mark.slow


@pytest.fixture
def platform():
    with UpgradePlatform() as server:
        yield server


@pytest.fixture
def desk(tmp_path, platform):
    made = upgradable(tmp_path, platform, heap=HEAP)
    yield made
    made.stop()


def upgradable(tmp_path, platform, **more):
    """A desk that takes firmware."""
    return Desk(
        tmp_path / "desk",
        [("127.0.0.1", platform.port)],
        "13800138000",
        edition=2019,
        interval_s=1,
        reconnect_s=1,
        ota_key=KEY.hex(),
        trial_s=4,
        watchdog_s=3,
        **more,
    )


def image(tmp_path, tree=None, **changes: tuple[str, str]) -> dict[str, bytes]:
    """The files of the present firmware, some of them changed (old text, new text) and compiled anew."""
    tree = tree or build.build()
    files = read_tree(tree)
    for name, (old, new) in changes.items():
        text = (tree / f"{name}.txt").read_text()
        assert old in text, f"{old!r} is not in {name}"
        source = tmp_path / f"{name}.py"
        source.write_text(text.replace(old, new))
        subprocess.run([mpy_cross(), "-O3", "-o", source.with_suffix(".mpy"), source], check=True)
        files[f"{name}.mpy"] = source.with_suffix(".mpy").read_bytes()
    return files


VERSION = ("b'0.1.0'", "b'0.2.0'")


def versions(platform, wanted):
    return lambda: platform.versions[-len(wanted) :] == wanted


def test_a_new_firmware_starts_and_proves_itself(desk, platform, tmp_path):
    platform.package = package(image(tmp_path, page_settings=VERSION), KEY, "0.2.0", "unix")
    desk.start()
    assert desk.wait_until(lambda: platform.results == [0], PATIENCE_S), (desk.errors, platform.answers)
    assert platform.versions == ["0.1.0", "0.2.0"] and platform.answers[0x8108] == {0}
    assert desk.restarts == ["reset"]
    slots = [(desk.directory / name).read_bytes() for name in ("rom_a.img", "rom_b.img")]
    assert desk.in_place and [slot.startswith(rom.MAGIC) for slot in slots] == [True, False]
    for _ in range(7):  # more than a trial may have
        before = len(platform.versions)
        desk.restart()
        assert desk.wait_until(lambda count=before: len(platform.versions) > count, PATIENCE_S), desk.errors
    assert set(platform.versions[1:]) == {"0.2.0"} and platform.results == [0]
    assert not desk.errors


@pytest.mark.soak
def test_where_no_flash_is_mapped_the_new_firmware_runs_from_files(tmp_path, platform):
    platform.package = package(image(tmp_path, page_settings=VERSION), KEY, "0.2.0", "unix")
    desk = upgradable(tmp_path, platform, heap=FILES_HEAP, in_place=False)
    try:
        desk.start()
        assert desk.wait_until(lambda: platform.results == [0], PATIENCE_S), (desk.errors, platform.answers)
        assert platform.versions == ["0.1.0", "0.2.0"] and not desk.errors
        assert not list(desk.directory.glob("rom_*.img"))
    finally:
        desk.stop()


def test_a_wrong_signature_changes_nothing(desk, platform, tmp_path):
    platform.package = package(image(tmp_path, page_settings=VERSION), bytes(32), "0.2.0", "unix")
    desk.start()
    assert desk.wait_until(lambda: platform.results == [1], PATIENCE_S), desk.errors
    assert desk.restarts == [] and platform.versions == ["0.1.0"] and not desk.errors


def test_cut_in_the_middle_and_sent_again(desk, platform, tmp_path):
    platform.package = package(image(tmp_path, page_settings=VERSION), KEY, "0.2.0", "unix")
    platform.cut_after = 60
    desk.start()
    assert desk.wait_until(lambda: platform.results == [0], PATIENCE_S), desk.errors
    assert platform.versions == ["0.1.0", "0.1.0", "0.2.0"] and not desk.errors


def test_the_power_fails_in_the_middle(desk, platform, tmp_path):
    content = package(image(tmp_path, page_settings=VERSION), KEY, "0.2.0", "unix")
    platform.package = content
    platform.cut_after = 60
    desk.start()
    assert desk.wait_until(lambda: platform.cut_after == 0, PATIENCE_S), desk.errors
    desk.kill()
    desk.start()
    assert desk.wait_until(lambda: platform.results == [0], PATIENCE_S), desk.errors
    assert platform.versions[-1] == "0.2.0" and not desk.errors


MAIN = "def main(path, has_loader=True):\n"
FAULTY = {
    "crash": (
        {"start": (MAIN, MAIN + "    raise ValueError('boom')\n")},
        "reset",
        b"boom",
    ),
    "import": ({"part0": ("import struct\n", "import no_such_module\n")}, "reset", b"no_such_module"),
    "hang": (
        {"start": (MAIN, MAIN + "    while True:\n        pass\n")},
        "watchdog",
        b"watchdog",
    ),
    "never online": ({"page_settings": ("'auth_code': ", "'auth_code': b'x' + ")}, "reset", b"rolled back"),
}


PATIENT = ("hang", "never online")  # each of a trial's tries waits for a limit


@pytest.mark.parametrize(
    "fault",
    [pytest.param(each, marks=pytest.mark.soak if each in PATIENT else ()) for each in FAULTY],
)
def test_a_firmware_that_fails_is_rolled_back_and_the_platform_told(desk, platform, tmp_path, fault):
    changes, reason, told = FAULTY[fault]
    files = image(tmp_path, **{name: (old, new) for name, (old, new) in changes.items()})
    platform.package = package(files, KEY, "0.2.0", "unix")
    desk.start()
    patience_s = PATIENCE_S + 5 * 15
    assert desk.wait_until(lambda: platform.results == [1], patience_s), (desk.restarts, desk.errors)
    assert platform.versions == ["0.1.0", "0.1.0"]
    assert desk.restarts == ["reset"] + [reason] * 5
    platform.orders = [(0x8900, bytes([STATE]))]
    desk.restart()
    assert desk.wait_until(lambda: bool(platform.passed_up), PATIENCE_S)
    assert told in platform.passed_up[0] and b"boot_reason power_on" in platform.passed_up[0]


def test_reset_and_factory_reset_start_the_process_anew(desk, platform):
    for command in (b"\x04", b"\x05"):
        platform.orders = [(0x8105, command)]
        count = len(desk.restarts)
        connections = len(platform.versions)
        desk.start()
        assert desk.wait_until(lambda n=count: len(desk.restarts) > n, PATIENCE_S), desk.errors
        assert desk.wait_until(lambda n=connections: len(platform.versions) >= n + 2, PATIENCE_S), desk.errors
        desk.kill()
    assert platform.ids.count(0x0100) == 2, "the factory reset forgot the authentication code"
    assert platform.answers[0x8105] == {0} and not desk.errors


def test_the_tool_makes_what_the_terminal_takes(tmp_path, capsys):
    from firmware.package_upgrade import main

    key = tmp_path / "config.json"
    key.write_text(f'{{"ota_key": "{KEY.hex()}"}}')
    out = tmp_path / "new.dyup"
    arguments = ["--version", "0.2.0", "--board", "unix", "--key-file", str(key), "--out", str(out)]
    assert main([str(build.build()), *arguments]) == 0
    assert out.read_bytes() == package(read_tree(build.TARGET), KEY, "0.2.0", "unix")
    assert re.search(r"new\.dyup: \d+ bytes", capsys.readouterr().out)
    assert main([str(tmp_path), *arguments]) == 1
    assert "has no compiled files" in capsys.readouterr().err
    key.write_text("ab")
    assert main([str(build.build()), *arguments]) == 1
    assert "key: 1 bytes" in capsys.readouterr().err
