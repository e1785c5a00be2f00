"""The report of a period, from what arrived: documents, the vehicles' positions, and the registers.

Reads both files beside the running service. The same files and the same period give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from protocols.freight.values import DAY_S, day_start
from protocols.monitoring.byte_rows import Column
from protocols.monitoring.table import RecordTable
from protocols.wire.bcd import identity_of
from protocols.wire.tables import POSITION_BYTES

from .books.book import Book
from .books.registry import Registry, TerminalRecord
from .books.rows import rows as stored_rows
from .indicators import Intake, Period, Report, Rules, compute, quarter
from .indicators.facts import UNREAD, Facts
from .indicators.page import render
from .indicators.result import Draw
from .indicators.spool import TracksOnDisk
from .indicators.tracks import POINT, counts
from .readings import UNREADABLE, readings_of, taken_from
from .store import Store

AREAS: Final = "areas"  # shelf: the area codes that exist, when they are known
_QUARTER: Final = re.compile(r"([0-9]{4})Q([1-4])")
_NOBODY: Final = -1  # a terminal that is not registered
_AT_ONCE: Final = 1 << 15  # positions
_PHONES_KEPT: Final = 1_000_000  # spellings of terminals' phones; more are looked up each time
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
    """Computes. Raises sqlite3.Error when a file cannot be read. The positions wait in a temporary file,
    which goes with the report."""
    with Book(books, read_only=True) as book, Store(positions, read_only=True) as store:
        registry = Registry(book)
        chosen = rules or Rules()
        areas = book.get(AREAS, "codes")
        if areas is not None and chosen.regions is None:
            chosen = replace(chosen, regions=frozenset(areas["codes"]))
        registers, tracks = registry.registers(), TracksOnDisk()
        intake = Intake(period, registers, tracks)
        intake.add_rows(stored_rows(book))
        facts = intake.facts()
        since = _since(facts, chosen)
        registers.terminals |= add_tracks(tracks, store, registry.terminals(), since, period.until_s)
        return compute(facts, chosen)


def _since(facts: Facts, rules: Rules) -> int:
    """From when on positions matter: from the first trip on, and to tell a silent terminal. One that was
    heard earlier only is as silent as one that never was."""
    despatch = facts.waybills["despatch"]
    started = despatch[despatch != UNREAD]
    silent_s = facts.period.until_s - rules.silent_s
    return min(int(started.min()) - rules.around_s, silent_s) if len(started) else silent_s


def add_tracks(
    tracks: TracksOnDisk, store: Store, terminals: Iterable[TerminalRecord], since_s: int, until_s: int
) -> dict[str, int | None]:
    """Adds the positions of registered terminals to their vehicles, each stored run read once, and none that
    ended before since_s. Gives vehicle → when its terminal was heard last before until_s, by the positions'
    own times (Unix time); None when it was not."""
    found = list(terminals)
    numbers = np.array([tracks.number_of(terminal.vehicle) for terminal in found], np.int64)
    places = _Places({terminal.phone: place for place, terminal in enumerate(found)})
    heard = np.full(len(found), UNREADABLE, np.int64)
    for at, blocks in _gathered(store.tables(taken_from(since_s)), places):
        read = readings_of(blocks)
        told = np.flatnonzero((at != _NOBODY) & (read.seconds != UNREADABLE))
        before = told[read.seconds[told] < until_s]
        np.maximum.at(heard, at[before], read.seconds[before])
        good = told[counts(read.status[told]) & (read.seconds[told] < 2**32)]
        points = np.empty(len(good), POINT)
        points["time"] = read.seconds[good]
        points["latitude"], points["longitude"] = read.latitude[good], read.longitude[good]
        tracks.add_vehicles(numbers[at[good]], points)
    seconds = [None if each == UNREADABLE else each for each in heard.tolist()]
    return {terminal.vehicle: second for terminal, second in zip(found, seconds, strict=True)}


def _gathered(
    tables: Iterable[tuple[str, RecordTable]], places: Mapping[str, int]
) -> Iterator[tuple[Column, Column]]:
    """(whose each position is, its basic block as bytes) of many tables at a time: runs are short, and numpy
    takes as long to begin as for some hundred of them."""
    at: list[Column] = []
    blocks: list[Column] = []
    count = 0
    for _, table in tables:
        at.append(np.array([places[phone] for phone, _, _ in table.senders], np.int64)[table.numbers])
        blocks.append(table.bodies.matrix(POSITION_BYTES))
        count += len(table)
        if count >= _AT_ONCE:
            yield np.concatenate(at), np.concatenate(blocks)
            at, blocks, count = [], [], 0
    if at:
        yield np.concatenate(at), np.concatenate(blocks)


class _Places(dict[str, int]):
    """A terminal's phone, as it is registered or as a header has it → its place."""

    def __missing__(self, phone: str) -> int:
        if len(self) > _PHONES_KEPT:
            return self.get(identity_of(phone), _NOBODY)
        self[phone] = place = self.get(identity_of(phone), _NOBODY)
        return place


def write(report: Report, folder: Path) -> tuple[Path, Path]:
    """`report.html` and `report.json` in the folder; gives both."""
    folder.mkdir(parents=True, exist_ok=True)
    page, document = folder / "report.html", folder / "report.json"
    page.write_text(render(report), encoding="utf-8")
    with document.open("w", encoding="utf-8") as file:
        encoder = json.JSONEncoder(ensure_ascii=False, indent=1, sort_keys=True)
        file.writelines(encoder.iterencode(report.as_dict(_Drawn)))
        file.write("\n")
    return page, document


class _Drawn(list[Any]):
    """For an encoder that writes piece by piece: the members are made when it comes to them. Of a million
    waybills a million may offend, which would be gigabytes as objects."""

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self._draw = draw

    def __iter__(self) -> Iterator[Any]:
        return self._draw()

    def __bool__(self) -> bool:
        return next(self._draw(), None) is not None
