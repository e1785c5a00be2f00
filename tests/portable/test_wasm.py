"""Every portable check also on a 32-bit MicroPython, where an integer of 31 bits is no small one any more."""

from pathlib import Path

import pytest

from .interpreters import ROOT
from .wasm import run_wasm

NEEDS_SOCKETS = {"check_lines", "check_link"}  # which that port lacks
CHECKS = sorted(
    check
    for folder in ("tests/portable", "tests/firmware")
    for check in (ROOT / folder).rglob("check_*.py")
    if check.stem not in NEEDS_SOCKETS
)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_portable_on_32_bits(check: Path) -> None:
    result = run_wasm(check)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "failures: 0" in result.stdout, result.stdout + result.stderr


def test_the_port_has_32_bits(tmp_path: Path) -> None:
    script = tmp_path / "bits.py"
    script.write_text("import sys\nprint(sys.implementation.name, sys.maxsize)\n")
    result = run_wasm(script)
    assert result.stdout.split() == ["micropython", str(2**31 - 1)], result.stdout + result.stderr


def test_a_failing_script_fails(tmp_path: Path) -> None:
    script = tmp_path / "bad.py"
    script.write_text("import sys\nsys.exit(3)\n")
    assert run_wasm(script).returncode == 3
    script.write_text("1 // 0\n")
    result = run_wasm(script)
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stderr
