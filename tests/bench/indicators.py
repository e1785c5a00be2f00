"""Indicators of many waybills: from rows in memory and from the authority's files; processor seconds, memory.

`python -m tests.bench.indicators [memory|lay|stored] WAYBILLS [FOLDER]` runs alone, in a process of its own,
so that its memory is its own. `stored` reports on what `lay` laid down in the folder.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from protocols.freight import check
from simulator.authority.books import BOOKS, POSITIONS
from simulator.authority.indicators import Intake, Report, compute
from simulator.authority.indicators.reduction import reduced
from simulator.authority.reporting import report_of, write
from simulator.freight import World, build
from simulator.freight.casting import Size
from simulator.freight.places import PREFECTURES
from simulator.freight.scenarios import Scenario

from .figures import Figure
from .waybills import Copy, lay_down, spread

SEED: Final = 20260101
BLOCK: Final = Scenario("bench", PREFECTURES, Size(companies=16, vehicles=14, trips=4))
WAYBILLS: Final = (100_000, 20_000)  # in memory and stored, as `make bench` has it
MILLION: Final = 1_000_000
WAYBILLS_MAX: Final = 2 * MILLION


def block(waybills: int) -> tuple[World, int]:
    """(one block, how many copies of it make at least so many waybills)."""
    world = build(BLOCK, SEED)
    return world, -(-min(waybills, WAYBILLS_MAX) // len(world.cast.trips))


def memory(waybills: int) -> dict[str, float]:
    """A report of rows in memory. reduce: documents to rows; take, compute: the report itself."""
    world, copies = block(waybills)
    registers, tracks = spread(world, copies)
    intake = Intake(world.period, registers, tracks)
    reducing, taking, documents = 0.0, 0.0, 0
    for number in range(copies):
        uploads = list(Copy(world, number).uploads())
        began = time.process_time()
        rows = [reduced(upload) for upload in uploads]
        between = time.process_time()
        intake.add_rows(rows)
        taking += time.process_time() - between
        reducing += between - began
        documents += len(uploads)
    began = time.process_time()
    report = compute(intake.facts(), world.rules)
    computing = time.process_time() - began
    _must_be_clean(report, world, copies)
    began = time.process_time()
    for upload in world.uploads:
        check(upload.kind, upload.document)
    checking = time.process_time() - began
    return {
        "waybills": report.indicators["15"].numerator,
        "documents": documents,
        "report_s": round(taking + computing, 2),
        "reduce_us": round(reducing / documents * 1e6, 1),
        "check_us": round(checking / len(world.uploads) * 1e6, 1),
    }


def lay(waybills: int, folder: Path) -> dict[str, float]:
    """Makes the files that `stored` reads."""
    world, copies = block(waybills)
    began = time.process_time()
    lay_down(folder, world, copies)
    size = sum((folder / name).stat().st_size for name in (BOOKS, POSITIONS))
    return {"lay_s": round(time.process_time() - began, 1), "files_mib": round(size / 2**20)}


def stored(waybills: int, folder: Path) -> dict[str, float]:
    """A report as `fleet-sim authority report` makes it, from the files to the files."""
    world, copies = block(waybills)
    wall, began = time.monotonic(), time.process_time()
    report = report_of(folder / BOOKS, folder / POSITIONS, world.period)
    write(report, folder / "report")
    seconds, waited = time.process_time() - began, time.monotonic() - wall
    _must_be_clean(report, world, copies)
    return {
        "waybills": report.indicators["15"].numerator,
        "report_s": round(seconds, 2),
        "wall_s": round(waited, 1),
    }


def _must_be_clean(report: Report, world: World, copies: int) -> None:
    """The block is a clean world, so every copy must count and nothing may count against it."""
    found = {name: len(each.offenders) for name, each in report.indicators.items() if len(each.offenders)}
    counted = report.indicators["15"].numerator
    if found or counted != len(world.cast.trips) * copies:
        raise AssertionError(f"seed {SEED}: {counted} waybills, offenders {found}: not what was laid down")


def figures(full: bool = False, waybills: int = 0) -> list[Figure]:
    """The rows of `python -m tests.bench indicators`. full: a million each, a quarter of an hour;
    waybills: so many instead."""
    of_rows, of_files = (waybills or MILLION,) * 2 if full or waybills else WAYBILLS
    in_memory = _alone("memory", of_rows)
    with tempfile.TemporaryDirectory() as folder:
        laid = _alone("lay", of_files, folder)
        from_files = _alone("stored", of_files, folder)
    rows = [
        Figure("indicators", "reducing a document on arrival", in_memory["reduce_us"], "µs"),
        Figure("indicators", "checking a document", in_memory["check_us"], "µs"),
    ]
    for where, found in (("from rows in memory", in_memory), ("from the stored files", from_files)):
        what = f"report on {found['waybills']:,} waybills {where}"
        rows += [
            Figure("indicators", what, found["report_s"], "CPU s"),
            Figure("indicators", f"a million {where}", _of_a_million(found), "CPU s"),
            Figure("indicators", f"peak memory {where}", found["memory_mib"], "MiB"),
        ]
    return [*rows, Figure("indicators", "the stored files", laid["files_mib"], "MiB")]


def _of_a_million(found: dict[str, float]) -> float:
    return round(found["report_s"] / found["waybills"] * MILLION, 1)


def _alone(*arguments: object) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.indicators", *map(str, arguments)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def main(what: str = "memory", waybills: str = str(WAYBILLS[0]), folder: str = ".") -> None:
    """Measures one thing and prints it as JSON, with this process's peak memory."""
    count = int(waybills)
    found = memory(count) if what == "memory" else {"lay": lay, "stored": stored}[what](count, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found | {"memory_mib": round(peak)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
