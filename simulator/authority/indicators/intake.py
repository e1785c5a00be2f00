"""Takes rows of documents in any order and puts them together to `Facts`: versions, names, who names whom."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from sys import intern
from typing import Any, Final, NamedTuple

import numpy as np

from protocols.freight.documents import Kind

from .columns import Names, Picked, Pile, Texts, identities_of, lent
from .facts import NO_END, UNREAD, Column, DriverDocument, Facts, Table, VehicleDocument
from .period import Period
from .reading import CARGOES
from .reduction import (
    BETWEEN,
    ENDS,
    FUNDS_NUMBERS,
    HEAD,
    WAYBILL_NUMBERS,
    WAYBILL_TEXTS,
    Row,
    payment_of,
    reduced,
)
from .registers import Registers
from .tracks import Tracks
from .uploads import Upload

_AT_ONCE: Final = 4096  # rows
_NUMBER_BYTES: Final = 8
_WIDE: Final = ("created", "despatch", "receipt", "weight_g", "amount")
_NARROW: Final = ("urban", "cargo", "vehicle", "carrier", "licence", "origin", "destination")
assert WAYBILL_NUMBERS + WAYBILL_TEXTS[1:] == _WIDE + _NARROW, (
    "the columns of waybills are in the rows' order"
)


class _Some(NamedTuple):
    """Rows of one kind. texts: split. counted: whether each arrived in the period. numbers: of all rows, one
    after the other; begins: where those of each row that are its kind's begin; counts: how many they are."""

    texts: list[list[str]]
    received: Column
    versions: Column
    counted: Column
    numbers: Column
    begins: Column
    counts: Column
    faults: Sequence[str]
    points: Sequence[bytes]

    def labels(self) -> list[str]:
        return [each[0] for each in self.texts]

    def table(self, width: int) -> Column:
        """Of the kind's numbers the first, a row for each."""
        return self.numbers[self.begins[:, None] + np.arange(width)]

    def tail(self, width: int) -> Column:
        """Those after them, of all rows."""
        kept = np.ones(len(self.numbers), bool)
        kept[self.begins[:, None] + np.arange(-len(HEAD), width)] = False
        return self.numbers[kept]


class Intake:
    """period: what is counted. registers: looked at by `facts` and later.

    tracks: where the indicators will find positions; those of location documents are added to it.
    """

    def __init__(self, period: Period, registers: Registers, tracks: Tracks) -> None:
        self._period, self._registers, self._tracks = period, registers, tracks
        self._ended = False
        self._waiting: dict[Kind, list[Row]] = {kind: [] for kind in Kind}
        self._vehicles, self._drivers = Names(), Names()
        self._carriers, self._regions, self._licences = Names(), Names(), Names()
        self._waybills = Pile(_WIDE, _NARROW)
        self._funds, self._locations = Pile(("amount", "notes"), ("positive",)), Pile(())
        self._waybill_labels, self._funds_labels, self._location_labels = Texts(), Texts(), Texts()
        self._trips = (array("i"), array("i"))
        # Waybills are named by identities (see `columns`) until `facts` numbers them.
        self._funds_notes = (array("i"), array("Q"), array("q"))
        self._payments = (array("i"), array("Q"))
        self._location_notes = (array("i"), array("Q"))
        self._location_parts = array("q")  # beside the location notes: number of the driver's points
        self._ends = array("i")  # beside the location notes, four each
        self._uploaded: dict[str, set[Kind]] = {}
        self._vehicle_documents: dict[str, tuple[int, VehicleDocument]] = {}
        self._driver_documents: dict[str, tuple[int, DriverDocument]] = {}

    def add(self, upload: Upload) -> None:
        """Takes one document. A later version of the same document replaces it, also one added before it.

        Raises RuntimeError after `facts`, and nothing whatever the document is.
        """
        self.add_rows([reduced(upload)])

    def add_rows(self, rows: Iterable[Row]) -> None:
        """The same for documents that were reduced already."""
        if self._ended:
            raise RuntimeError("the facts were taken out: this intake has ended")
        for row in rows:
            waiting = self._waiting[row[0]]
            waiting.append(row)
            if len(waiting) >= _AT_ONCE:
                self._take(row[0])

    def _take(self, kind: Kind) -> None:
        rows, self._waiting[kind] = self._waiting[kind], []
        if not rows:
            return
        _, enterprises, numbers, texts, faults, points = zip(*rows, strict=True)
        counts = np.array([len(each) for each in numbers]) // _NUMBER_BYTES
        begins = np.cumsum(counts) - counts
        whole, width = np.frombuffer(b"".join(numbers), np.int64), len(HEAD)
        received = whole[begins]
        some = _Some(
            [text.split(BETWEEN) for text in texts],
            received,
            whole[begins + 1].view(np.uint64),
            (received >= self._period.from_s) & (received < self._period.until_s),
            whole,
            begins + width,
            counts - width,
            faults,
            points,
        )
        for name in set(compress(enterprises, some.counted)):
            self._uploaded.setdefault(name, set()).add(kind)
        _TAKERS[kind](self, some)

    def _take_waybills(self, some: _Some) -> None:
        width = len(WAYBILL_TEXTS)
        labels, *texts = zip(*[each[:width] for each in some.texts], strict=True)
        names = (self._vehicles, self._carriers, self._licences, self._regions, self._regions)
        numbered = [of.numbers(each) for of, each in zip(names, texts, strict=True)]
        values = np.concatenate([some.table(len(WAYBILL_NUMBERS)), np.array(numbered).T], axis=1)
        rows = self._waybills.extend(identities_of(labels), some.versions, some.counted, some.faults, values)
        self._waybill_labels.extend(labels)
        drivers = [each[width:] for each in some.texts]
        _append(self._trips[0], np.repeat(rows, [len(each) for each in drivers]))
        self._trips[1].extend(self._drivers.numbers(chain.from_iterable(drivers)))

    def _take_funds(self, some: _Some) -> None:
        labels, width = some.labels(), len(FUNDS_NUMBERS)
        rows = self._funds.extend(
            identities_of(labels), some.versions, some.counted, some.faults, some.table(width)
        )
        self._funds_labels.extend(labels)
        notes = (some.counts - width).tolist()
        ends = [1 + count for count in notes]
        named = chain.from_iterable(each[1:end] for each, end in zip(some.texts, ends, strict=True))
        paid = chain.from_iterable(each[end:] for each, end in zip(some.texts, ends, strict=True))
        _append(self._funds_notes[0], np.repeat(rows, notes))
        _append(self._funds_notes[1], identities_of(named))
        _append(self._funds_notes[2], some.tail(width))
        payments = [len(each) - end for each, end in zip(some.texts, ends, strict=True)]
        _append(self._payments[0], np.repeat(rows, payments))
        _append(self._payments[1], identities_of(paid))

    def _take_locations(self, some: _Some) -> None:
        labels = some.labels()
        nothing = np.empty((len(labels), 0), np.int64)
        rows = self._locations.extend(
            identities_of(labels), some.versions, some.counted, some.faults, nothing
        )
        self._location_labels.extend(labels)
        notes = [len(each) - 1 for each in some.texts]
        names = identities_of(chain.from_iterable(each[1:] for each in some.texts))
        points = [part for part, count in zip(some.points, notes, strict=True) for _ in range(count)]
        _append(self._location_notes[0], np.repeat(rows, notes))
        _append(self._location_notes[1], names)
        _append(self._ends, some.tail(0))
        _append(self._location_parts, self._tracks.add_drivers(names.view(np.int64).tolist(), points))

    def _take_vehicles(self, some: _Some) -> None:
        for (key, *texts), (tonnage, gross), moment in zip(
            some.texts, some.table(2).tolist(), _moments(some), strict=True
        ):
            certificate, kind, trailer = texts
            taken = VehicleDocument(certificate, intern(kind), tonnage, gross, trailer)
            self._keep_newest(self._vehicle_documents, key, moment, taken)

    def _take_drivers(self, some: _Some) -> None:
        for (identity, name, qualification), moment in zip(some.texts, _moments(some), strict=True):
            self._keep_newest(self._driver_documents, identity, moment, DriverDocument(name, qualification))

    def _keep_newest(self, kept: dict[str, Any], key: str, moment: tuple[int, int], taken: Any) -> None:
        """Basic data: the newest that arrived before the period's end, also long before the period."""
        received_s, version = moment
        if received_s < self._period.until_s and (key not in kept or kept[key][0] < version):
            kept[key] = (version, taken)

    def facts(self) -> Facts:
        """The columns of everything taken. Ends the intake: they are handed over, nothing can be added."""
        for kind in Kind:
            self._take(kind)
        self._ended = True
        waybills_alive, funds_alive = self._waybills.alive(), self._funds.alive()
        locations_alive = self._locations.alive()
        noted, located = (
            [lent(each) for each in self._funds_notes],
            [lent(each) for each in self._location_notes],
        )
        identities = self._waybills.identities()
        keys, count = _numbered(identities, noted, located)
        known_waybills = _known(keys[waybills_alive], count)
        more = {"key": keys, "identity": identities}
        waybills, waybill_rows = _table(self._waybills, waybills_alive, self._waybill_labels, more)
        more = {"bank": self._agreed()}
        funds, funds_rows = _table(self._funds, funds_alive, self._funds_labels, more)
        more = {"identity": self._locations.identities()}
        locations, location_rows = _table(self._locations, locations_alive, self._location_labels, more)
        trip_rows = waybill_rows[lent(self._trips[0])]
        kept = trip_rows >= 0
        self._tracks.retire_drivers(lent(self._location_parts)[~locations_alive[located[0]]])
        return Facts(
            period=self._period,
            registers=self._registers,
            tracks=self._tracks,
            waybills=waybills,
            trips={"waybill": trip_rows[kept], "driver": lent(self._trips[1])[kept]},
            funds=funds,
            funds_notes=_notes(noted, funds_rows),
            paid=_paid(noted, funds_alive, count),
            locations=locations,
            location_notes=_notes(located, location_rows),
            ends=self._ends_column(located, locations_alive, count),
            uploaded={name: frozenset(kinds) for name, kinds in sorted(self._uploaded.items())},
            vehicles=self._vehicles.texts(),
            drivers=self._drivers.texts(),
            carriers=self._carriers.texts(),
            regions=self._regions.texts(),
            licences=self._licences.texts(),
            cargoes=CARGOES,
            known_waybills=known_waybills,
            known_funds=_known(noted[1][funds_alive[noted[0]]], count),
            known_locations=_known(located[1][locations_alive[located[0]]], count),
            vehicle_documents={key: taken for key, (_, taken) in self._vehicle_documents.items()},
            driver_documents={key: taken for key, (_, taken) in self._driver_documents.items()},
        )

    def _agreed(self) -> Column:
        """Per funds document, whether it has payments and the bank knows each of them just so."""
        bank = self._registers.bank.items()
        known = identities_of(payment_of(name, each.amount, each.account, each.time_s) for name, each in bank)
        rows, payments = (lent(each) for each in self._payments)
        agreed = np.isin(payments, np.concatenate([known, self._registers.booked]))
        result = np.zeros(len(self._funds.identities()), np.int8)
        result[rows] = 1
        result[rows[~agreed]] = 0
        return result

    def _ends_column(self, notes: list[Column], alive: Column, count: int) -> Column:
        """Per key, the ends of its newest location document that says them."""
        ends = np.full((count, len(ENDS)), NO_END, dtype=np.int32)
        said = lent(self._ends).reshape(-1, len(ENDS))
        kept = np.flatnonzero(alive[notes[0]] & (said[:, 0] != NO_END))
        kept = kept[np.argsort(self._locations.versions()[notes[0][kept]], kind="stable")]
        ends[notes[1][kept]] = said[kept]  # of several the last is kept: the newest
        return ends


_TAKERS: Final = {
    Kind.WAYBILL: Intake._take_waybills,
    Kind.FUNDS: Intake._take_funds,
    Kind.VEHICLE: Intake._take_vehicles,
    Kind.DRIVER: Intake._take_drivers,
    Kind.LOCATION: Intake._take_locations,
}


def _append(values: array[int], column: Column) -> None:
    values.frombytes(column.astype(lent(values).dtype).tobytes())


def _moments(some: _Some) -> Iterable[tuple[int, int]]:
    return zip(some.received.tolist(), some.versions.tolist(), strict=True)


def _table(
    pile: Pile, alive: Column, labels: Texts, more: Mapping[str, Column] | None = None
) -> tuple[Table, Column]:
    """(the rows that count, old row → new row or -1). more: further columns of all rows."""
    chosen = alive & pile.counted()
    rows = np.flatnonzero(chosen)
    numbered = np.full(len(chosen), UNREAD, dtype=np.int32)
    numbered[rows] = np.arange(len(rows))
    columns, faults = pile.taken(rows)
    columns |= {name: column[rows] for name, column in (more or {}).items()}
    return Table(columns, Picked(labels, rows), faults), numbered


def _numbered(waybills: Column, noted: list[Column], located: list[Column]) -> tuple[Column, int]:
    """Gives waybills' identities small numbers, in the notes in place; (those of the waybills, how many)."""
    parts = (waybills, noted[1], located[1])
    found, numbers = np.unique(np.concatenate(parts), return_inverse=True)
    of_waybills, noted[1], located[1] = np.split(
        numbers.astype(np.int32), np.cumsum([len(part) for part in parts])[:2]
    )
    return of_waybills, len(found)


def _notes(notes: list[Column], rows: Column) -> dict[str, Column]:
    numbered = rows[notes[0]]
    kept = numbered >= 0
    return {"row": numbered[kept], "key": notes[1][kept]}


def _paid(notes: list[Column], alive: Column, count: int) -> Column:
    paid = np.full(count, UNREAD, dtype=np.int64)
    kept = alive[notes[0]]
    paid[notes[1][kept]] = 0
    np.add.at(paid, notes[1][kept], notes[2][kept])
    return paid


def _known(keys: Column, count: int) -> Column:
    known = np.zeros(count, dtype=bool)
    known[keys] = True
    return known
