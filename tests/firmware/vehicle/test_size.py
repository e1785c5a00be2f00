"""What the resident vehicle costs a board: its share of a linked program, compiled and loaded."""

import shutil
import subprocess

import pytest

from simulator.desk import build
from simulator.desk.bundle import link
from tests.portable.interpreters import ROOT, mpy_cross, run_micropython

pytestmark = pytest.mark.slow  # processes, files, compilers: not for the quick gate

MPY_BYTES_MAX = 10 * 1024
# On the 64-bit port, the object included; a 32-bit board needs about half. 16.0 KB were measured before the
# linker shortened names and 20.3 KB since: why has not been found out yet.
HEAP_BYTES_MAX = 21 * 1024

CALLS = """
from firmware.terminal.vehicle.trip import trip_check_of, trip_segment_name
from firmware.terminal.vehicle.vehicle import Vehicle

def senses(parameters, store):
    return Vehicle(parameters, store, None, None, 2019)

def served(vehicle, fix, buffer):
    vehicle.on_epoch(fix, 0, 0, 0)
    vehicle.on_input(0, 0, 0)
    vehicle.feed_card(buffer)
    vehicle.tick(vehicle.next_deadline_ms(0))
    if vehicle.changed:
        vehicle.write_items(buffer, 0)
        vehicle.reported(vehicle.alarm_high + vehicle.alarm_low + vehicle.status_bits)
        vehicle.acknowledged(1)
    vehicle.apply_parameters()
    # By pages, which are left out here:
    vehicle.change_driver(buffer, vehicle.driving.last_driven()[0])
    vehicle.change_load(buffer, vehicle.confirm(0, 0))
    vehicle.release_areas()
    return trip_check_of(vehicle.trip.before), trip_segment_name(0)
"""
WEIGH = """
import gc
import part4 as program
gc.collect()
used = gc.mem_alloc()

class Nothing:
    pass

def absent(name, writable):
    raise OSError(2)

def stand_in(**members):  # the linker has shortened the names that the program asks for
    made = Nothing()
    for name, member in members.items():
        setattr(made, SHORT.get(name, name), member)
    return made

if hasattr(program, "senses"):
    parameters = stand_in(number=lambda parameter_id: 0)
    store = stand_in(files=stand_in(open=absent), get=lambda name: b"")
    gc.collect()
    before = gc.mem_alloc()
    vehicle = program.senses(parameters, store)
    gc.collect()
    used += gc.mem_alloc() - before
print(used)
"""


def weigh(folder, more):
    """(bytes of .mpy, bytes of heap) of the terminal's resident program with `more` in its main module."""
    for name in ("firmware", "protocols"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    main = folder / "firmware/main.py"
    main.write_text(main.read_text() + more)
    sources = [path for pattern in build.SOURCES for path in sorted(folder.glob(pattern))]
    pages = folder / "firmware/terminal/pages"
    sources = [path for path in sources if path.parent != pages or path.stem == "__init__"]
    target = folder / "built"
    target.mkdir()
    program = link(folder, sources, "firmware.main", "part", 5)
    for name, text in program.parts.items():
        source = folder / f"{name}.py"
        source.write_text(text)
        subprocess.run([mpy_cross(), build.OPTIMISATION, "-o", target / f"{name}.mpy", source], check=True)
    script = target / "weigh.py"  # not beside the sources, which would be taken instead
    short = {name: program.names["attributes"].get(name, name) for name in ("number", "files", "open", "get")}
    script.write_text(f"SHORT = {short!r}\n" + WEIGH)
    result = run_micropython("-X", "heapsize=256k", script, path=target)
    assert result.returncode == 0, result.stdout + result.stderr
    return sum(path.stat().st_size for path in target.glob("*.mpy")), int(result.stdout)


def test_the_vehicle_is_small(tmp_path):
    without = weigh(tmp_path / "without", "")
    whole = weigh(tmp_path / "whole", CALLS)
    mpy, heap = (each - other for each, other in zip(whole, without, strict=True))
    print("vehicle: .mpy", mpy, "heap", heap)
    assert 4000 < mpy <= MPY_BYTES_MAX and 4000 < heap <= HEAP_BYTES_MAX, (mpy, heap)
