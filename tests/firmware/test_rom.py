"""The program in flash that is memory-mapped: its image, and that the interpreter runs it where it lies."""

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpremote.romfs import VfsRomWriter, make_romfs

from simulator.desk import build, rom
from simulator.desk.desk import Desk

from ..portable.interpreters import compile_package, micropython, run_micropython
from .test_portable_cores import HARNESS, HERE

SECONDS = 60
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.", min_size=1, max_size=200)
MOUNT = """
import os, sys, uctypes, vfs
place = [int(number) for number in os.getenv("ROM").split(":")]
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(*place)), "/rom")
"""


def run_with(image: Path, script: Path, *arguments: str, heap: str) -> str:
    """What the script prints with the image mapped."""
    command = [*build.launcher(), str(image), "-X", f"heapsize={heap}", str(script), *arguments]
    environment = {**os.environ, "MICROPYPATH": f".frozen:{HARNESS}:{HERE}"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@given(st.dictionaries(NAMES, st.binary(max_size=300)))
def test_an_image_is_what_mpremote_writes(files: dict[str, bytes]) -> None:
    writer = VfsRomWriter()
    for name, content in sorted(files.items()):
        writer.mkfile(name, content)
    assert rom.image(files) == bytes(writer.finalise())


def test_the_program_s_image_holds_all_of_it_and_is_the_same_each_time(tmp_path: Path) -> None:
    tree = build.build()
    files = {path.name: path.read_bytes() for path in tree.iterdir() if path.suffix in build.PROGRAM}
    assert {"start.mpy", "part0.mpy", "boot.mpy", "page_begin.mpy", "glyphs.bin"} <= set(files)
    assert (tree / build.ROM).read_bytes() == rom.image(dict(reversed(files.items())))
    script = tmp_path / "reads.py"
    script.write_text(
        MOUNT + "import binascii\nfor name in os.listdir('/rom'):\n"
        " with open('/rom/' + name, 'rb') as file: print(name, binascii.crc32(file.read()))\n"
    )
    said = dict(line.split() for line in run_with(tree / build.ROM, script, heap="64k").splitlines())

    assert said == {name: str(zlib.crc32(content)) for name, content in files.items()}


def test_code_in_flash_takes_no_heap(tmp_path: Path) -> None:
    """The same parts, from files and where they lie: the instructions, half of all, stay in flash."""
    load = build.START.partition("    sys.modules")[0] + "main(None)\ngc.collect()\nprint(gc.mem_alloc())\n"
    script = tmp_path / "weigh.py"
    script.write_text(MOUNT + "sys.path[:] = ['/rom']\n" + load)
    in_place = int(run_with(build.build() / build.ROM, script, heap="128k"))
    script.write_text(load)
    files = run_micropython("-X", "heapsize=128k", script, path=build.build())
    print("resident program, bytes of heap:", in_place, "of", files.stdout)
    assert in_place < int(files.stdout) * 6 // 10


def test_an_image_cannot_be_written(tmp_path: Path) -> None:
    image = tmp_path / "rom.img"
    image.write_bytes(rom.image({"one.bin": b"flash"}))
    script = tmp_path / "writes.py"
    script.write_text(MOUNT + "print('mounted')\nuctypes.bytearray_at(*place)[5] = 1\n")
    done = subprocess.run(
        [*build.launcher(), str(image), str(script)],
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode < 0 and image.read_bytes() == rom.image({"one.bin": b"flash"})


@pytest.mark.slow
def test_code_in_flash_allocates_nothing_on_the_hot_path(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for folder in ("protocols/wire", "protocols/wire/pages", "firmware/terminal", "firmware/terminal/pages",
                   "firmware/terminal/vehicle"):  # fmt: skip
        names = [path.stem for path in (build.ROOT / folder).glob("*.py") if path.stem != "__init__"]
        compile_package(folder, tree, names)
    compile_package("firmware/board", tree, ["files"])
    compile_package("firmware/board/unix", tree, ["flash"])
    image = tmp_path / "rom.img"
    image.write_bytes(make_romfs(str(tree), mpy_cross=False))
    script = tmp_path / "allocates.py"
    probe = (HERE / "device_allocations.py").read_text("utf-8")
    script.write_text(MOUNT + "sys.path.insert(0, '/rom')\n" + probe)
    assert "with the vehicle's senses" in run_with(image, script, str(tmp_path / "flash.img"), heap="2m")


PARTITIONS = """
import errno, sys, vfs
sys.path.append({root!r})
from firmware.board import rom
from firmware.board.unix.partitions import rom_ioctl
assert rom.ioctl_of_port() is None and not rom.has_partition(None, 0), "this port has no door"
assert rom.mount_slot(None, 1) == "", "no partition"
assert rom.mount_slot(rom_ioctl, 1) == "", "no image in it"
assert [slot for slot in range(5) if rom.has_partition(rom_ioctl, slot)] == [0, 1]
image = {image!r}
for slot, length, wanted in ((1, 8193, rom.ENOSPC), (0, 100, errno.EINVAL)):
    try:
        rom.ImageWriter(rom_ioctl, slot, length)
        raise AssertionError(slot)
    except OSError as error:
        assert error.errno == wanted, error
writer = rom.ImageWriter(rom_ioctl, 1, len(image))
for at in range(0, len(image), 77):
    writer.write(image[at : at + 77])
writer.finish()
assert rom.mount_slot(rom_ioctl, 1) == "/slot"
with open("/slot/b.bin", "rb") as file:
    print(file.read())
"""


def test_a_slot_s_image_is_written_while_it_is_mapped(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20
    image = rom.image({"a.bin": b"a", "b.bin": content})
    files = [tmp_path / "0.img", tmp_path / "1.img"]
    for path, old in zip(files, (b"\xff", b"\x00"), strict=True):
        path.write_bytes(old * 8192)
    script = tmp_path / "writes.py"
    script.write_text(PARTITIONS.format(root=str(build.ROOT), image=image))
    assert run_with(Path(",".join(map(str, files))), script, heap="256k") == f"{content!r}\n"
    assert files[1].read_bytes()[: len(image)] == image and files[0].read_bytes() == b"\xff" * 8192


def test_another_interpreter_runs_from_files(tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setenv("MICROPYTHON", micropython())
    desk = Desk(tmp_path, [("127.0.0.1", 1)], "13800138000")
    assert not desk.in_place and "runs from files" in caplog.text
    desk.stop()
