"""Runs every check_*.py under CPython and real MicroPython, and holds the heap that the tables cost."""

from pathlib import Path

import pytest

from .interpreters import compile_package, run_cpython, run_micropython

HERE = Path(__file__).parent
CHECKS = sorted(HERE.glob("check_*.py"))
RUNNERS = {"cpython": run_cpython, "micropython": run_micropython}

# What bodies.py and tables.py may take of a device's heap, compiled, on the 64-bit port (a 32-bit board needs
# little more than half). Measured 14.4 KB; the firmware's budget counts on it.
WIRE_HEAP_BYTES = 17 * 1024

WEIGH = """
import gc
import protocols.wire.errors, protocols.wire.header
gc.collect()
before = gc.mem_alloc()
import protocols.wire.bodies
gc.collect()
print(gc.mem_alloc() - before)
"""


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_portable(check, runner):
    result = RUNNERS[runner](check)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ok check_" in result.stdout and "failures: 0" in result.stdout


def test_a_failing_check_fails(tmp_path):
    """The runner itself: a failure under either interpreter is seen."""
    bad = tmp_path / "check_bad.py"
    head = f"import sys\nsys.path.append({str(HERE)!r})\nimport harness\n"
    bad.write_text(head + "def check_it(): assert 0\nharness.run(globals())\n")
    for run in RUNNERS.values():
        result = run(bad)
        assert result.returncode == 1 and "FAIL check_it" in result.stdout, result.stdout + result.stderr


def test_bodies_and_tables_cost_little_heap(tmp_path):
    compile_package("protocols/wire", tmp_path, ["errors", "bcd", "header", "tables", "packed", "bodies"])
    weigh = tmp_path / "weigh.py"
    weigh.write_text(WEIGH)
    result = run_micropython(weigh, path=tmp_path)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) <= WIRE_HEAP_BYTES
