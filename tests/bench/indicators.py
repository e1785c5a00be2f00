"""Indicators of many waybills: the reduction of a document on arrival, a report, memory; CPU seconds.

`python -m tests.bench.indicators 100000` runs alone, in a process of its own, so that its memory is its own.
Documents count as checked when they arrived, as the authority keeps them; what a check costs is timed apart.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from protocols.freight import Kind, check
from simulator.authority.indicators import Intake, Registers, Upload, compute
from simulator.authority.indicators.registers import vehicle_key
from simulator.authority.indicators.spool import TracksOnDisk
from simulator.freight import World, build
from simulator.freight.casting import Size
from simulator.freight.places import PREFECTURES
from simulator.freight.scenarios import Scenario

from .figures import Figure

SEED: Final = 20260101
BLOCK: Final = Scenario("bench", PREFECTURES, Size(companies=16, vehicles=14, trips=4))
WAYBILLS_MAX: Final = 2_000_000


def copied(world: World, number: int) -> Iterator[Upload]:
    """The block's uploads once more, of other vehicles and under other numbers."""
    mark = f"{number:04d}"
    for upload in world.uploads:
        document: dict[str, Any] = dict(upload.document)
        if upload.kind is Kind.WAYBILL:
            document["shippingNoteNumber"] = mark + document["shippingNoteNumber"][4:]
            vehicle = document["vehicleInfo"]
            document["vehicleInfo"] = vehicle | {"vehicleNumber": vehicle["vehicleNumber"] + mark}
        elif upload.kind in (Kind.FUNDS, Kind.LOCATION):
            document["shippingNoteList"] = [
                note | {"shippingNoteNumber": mark + note["shippingNoteNumber"][4:]}
                for note in document["shippingNoteList"]
            ]
            if upload.kind is Kind.FUNDS:
                document["documentNumber"] = mark + document["documentNumber"][4:]
        elif upload.kind is Kind.VEHICLE:
            document["vehicleNumber"] += mark
        yield replace(upload, reference=upload.reference + mark, document=document, faults=())


def spread(world: World, copies: int) -> tuple[Registers, TracksOnDisk]:
    """Registers and tracks of all copies; each vehicle has a track of its own."""
    registers = replace(world.registers, vehicles={}, terminals={})
    tracks = TracksOnDisk()
    for number in range(copies):
        mark = f"{number:04d}"
        for entry in world.registers.vehicles.values():
            registers.vehicles[vehicle_key(entry.plate + mark, entry.colour)] = entry
        for key, points in world.positions.items():
            plate, _, colour = key.partition("/")
            tracks.add_vehicle(vehicle_key(plate + mark, colour), points)
    return registers, tracks


def measure(waybills: int) -> dict[str, float]:
    """Seconds and MiB of one report over at least so many waybills."""
    world = build(BLOCK, SEED)
    block = len(world.cast.trips)
    copies = -(-min(waybills, WAYBILLS_MAX) // block)
    registers, tracks = spread(world, copies)
    intake = Intake(world.period, registers, tracks)
    taking, documents = 0.0, 0
    for number in range(copies):
        uploads = list(copied(world, number))
        started = time.process_time()
        for upload in uploads:
            intake.add(upload)
        taking += time.process_time() - started
        documents += len(uploads)
    started = time.process_time()
    report = compute(intake.facts(), world.rules)
    computing = time.process_time() - started
    good = report.indicators["13-1"]
    if good.numerator != good.denominator or report.indicators["12"].numerator:
        raise AssertionError(f"seed {SEED}: the copies are not clean, so this measures something else")
    started = time.process_time()
    for upload in world.uploads:
        check(upload.kind, upload.document)
    checking = time.process_time() - started
    return {
        "waybills": block * copies,
        "documents": documents,
        "reduce_s": round(taking, 2),
        "reduce_us_per_document": round(taking / documents * 1e6, 1),
        "compute_s": round(computing, 2),
        "compute_s_per_million": round(computing / (block * copies) * 1e6, 1),
        "check_us_per_document": round(checking / len(world.uploads) * 1e6, 1),
        "memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def figures(waybills: int = 100_000) -> list[Figure]:
    """The rows of `python -m tests.bench indicators`; in a process of its own, so that memory is its own."""
    command = [sys.executable, "-m", "tests.bench.indicators", str(waybills)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    what = f"16 indicators of {found['waybills']:,} waybills"
    return [
        Figure("indicators", what, found["compute_s"], "CPU s"),
        Figure("indicators", "the same for a million", found["compute_s_per_million"], "CPU s"),
        Figure("indicators", "reducing a document on arrival", found["reduce_us_per_document"], "µs"),
        Figure("indicators", "checking a document", found["check_us_per_document"], "µs"),
        Figure("indicators", "memory of all of it", found["memory_mib"], "MiB"),
    ]


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
