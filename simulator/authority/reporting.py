"""The report of a period, from what arrived: documents, the vehicles' positions, and the registers.

Reads both files beside the running service. The same files and the same period give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from protocols.freight.values import DAY_S, day_start

from .books.arrivals import uploads
from .books.book import Book
from .books.registry import Registry, TerminalRecord
from .indicators import Intake, Period, Report, Rules, compute, quarter
from .indicators.page import render
from .indicators.spool import TracksOnDisk
from .indicators.tracks import POINT, Points, counting
from .store import Store, TrackPoint

AREAS: Final = "areas"  # shelf: the area codes that exist, when they are known
_QUARTER: Final = re.compile(r"([0-9]{4})Q([1-4])")
_DAYS: Final = re.compile(r"([0-9]{8})-([0-9]{8})")


def period_of(text: str) -> Period:
    """`2026Q1`, or `20260101-20260331`, both days included. Raises ValueError."""
    if match := _QUARTER.fullmatch(text):
        return quarter(int(match[1]), int(match[2]))
    if match := _DAYS.fullmatch(text):
        first, last = day_start(match[1]), day_start(match[2])
        if first is not None and last is not None:
            return Period(text, first, last + DAY_S)
    raise ValueError(f"period {text!r}: YYYYQn, or YYYYMMDD-YYYYMMDD")


def report_of(books: Path, positions: Path, period: Period, rules: Rules | None = None) -> Report:
    """Computes. Raises sqlite3.Error when a file cannot be read."""
    with Book(books, read_only=True) as book, Store(positions, read_only=True) as store:
        registry = Registry(book)
        tracks = TracksOnDisk()
        heard = add_tracks(tracks, store, registry.terminals(), period)
        intake = Intake(period, registry.registers(heard), tracks)
        for upload in uploads(book):
            intake.add(upload)
        areas = book.get(AREAS, "codes")
        chosen = rules or Rules()
        if areas is not None and chosen.regions is None:
            chosen = replace(chosen, regions=frozenset(areas["codes"]))
        return compute(intake.facts(), chosen)


def add_tracks(
    tracks: TracksOnDisk, store: Store, terminals: Iterable[TerminalRecord], period: Period
) -> dict[str, int]:
    """Adds each registered terminal's positions to its vehicle; gives when each was heard last, by its own
    positions before the period's end (Unix time)."""
    heard = {}
    for terminal in terminals:
        track = store.track(terminal.phone)
        times = [point.reported_ms // 1000 for point in track if point.reported_ms is not None]
        before = [second for second in times if second < period.until_s]
        if before:
            heard[terminal.phone] = max(before)
        tracks.add_vehicle(terminal.vehicle, points_of(track))
    return heard


def points_of(track: Iterable[TrackPoint]) -> Points:
    """The points that count: with a time, a fix, and the vehicle in operation."""
    rows = [
        (point.reported_ms // 1000, point.latitude_udeg, point.longitude_udeg, point.status)
        for point in track
        if point.reported_ms is not None and 0 <= point.reported_ms < 2**32 * 1000
    ]
    points = np.array([row[:3] for row in rows], dtype=POINT)
    return counting(points, np.array([row[3] for row in rows], dtype=np.int64))


def write(report: Report, folder: Path) -> tuple[Path, Path]:
    """`report.html` and `report.json` in the folder; gives both."""
    folder.mkdir(parents=True, exist_ok=True)
    page, document = folder / "report.html", folder / "report.json"
    page.write_text(render(report), encoding="utf-8")
    text = json.dumps(report.as_dict(), ensure_ascii=False, indent=1, sort_keys=True)
    document.write_text(text + "\n", encoding="utf-8")
    return page, document
