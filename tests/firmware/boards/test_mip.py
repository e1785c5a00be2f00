"""`mpremote mip install` from here onto a real MicroPython; the terminal runs from what it put there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ...portable.interpreters import ROOT, run_micropython
from ..provision.boards import prompt_in

SECONDS = 240

# A terminal of the installed modules meets a platform of the installed modules.
RUNS = """
import sys
sys.path.insert(0, {tests!r})
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.store import Store
import firmware, platform_script
assert firmware.__file__.startswith({lib!r}), firmware.__file__
files = RamFiles()
road = platform_script.Road(files, Store(files))
road.drive(36000, 5)
assert road.terminal.online and len(road.acknowledged) >= 5, road.acknowledged
road.send(0x8107, body=b"")
assert road.of(0x0107)
print("reports", len(road.acknowledged))
"""


@pytest.mark.slow
def test_the_package_installs_from_a_local_folder_and_runs(tmp_path: Path) -> None:
    board, lib = tmp_path / "board", tmp_path / "board" / "lib"
    lib.mkdir(parents=True)
    with prompt_in(board) as port:
        command = [sys.executable, "-m", "mpremote", "connect", port, "resume", "mip", "install"]
        done = subprocess.run(
            [*command, "--target", "lib", str(ROOT / "firmware" / "package.json")],
            cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    for target, url in json.loads((ROOT / "firmware" / "package.json").read_text("utf-8"))["urls"]:
        assert (lib / target).read_bytes() == (ROOT / "firmware" / url).read_bytes(), target
    script = tmp_path / "runs.py"
    script.write_text(RUNS.format(tests=str(ROOT / "tests" / "firmware"), lib=str(lib)))
    result = run_micropython("-X", "heapsize=4m", script, path=lib)
    assert result.returncode == 0 and "reports" in result.stdout, result.stdout + result.stderr
