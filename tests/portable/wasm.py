"""The 32-bit lane: MicroPython's WebAssembly port under Node, where small integers have 31 bits.

Node and its package registry are an addition: where they are not, `run_wasm` skips the test with the reason.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from .interpreters import ROOT

PACKAGE = Path(__file__).parent / "webassembly"
TARGET = ROOT / "build" / "webassembly"
MODULE = TARGET / "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
INSTALL_SECONDS = 120
RUN_SECONDS = 120


def run_wasm(script: Path, root: Path = ROOT, heap_bytes: int = 1 << 20) -> subprocess.CompletedProcess[str]:
    """Runs a file with the portable folders below `root` importable."""
    command = ["node", PACKAGE / "run.mjs", module(), root, script, str(heap_bytes)]
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )


@cache
def module() -> Path:
    """The installed port; installs it once for all test processes. Skips the test where that cannot be."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no Node here: the 32-bit lane is not run")
    TARGET.mkdir(parents=True, exist_ok=True)
    with (TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _installed():
            _install()
    return MODULE


def _installed() -> bool:
    """Whether the port is there in the version that is wanted."""
    locks = [folder / "package-lock.json" for folder in (PACKAGE, TARGET)]
    return MODULE.exists() and len({lock.read_bytes() for lock in locks if lock.exists()}) == 1


def _install() -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGE / name, TARGET / name)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    try:
        done = subprocess.run(
            command,
            cwd=TARGET,
            env=environment,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the package registry of Node does not answer: the 32-bit lane is not run")
    if done.returncode:
        pytest.skip(f"npm cannot install the 32-bit port: {done.stderr.strip().splitlines()[-1:]}")
