"""Many waybills for measuring: copies of one clean block, each of other vehicles, waybills and payments at
the same times; in memory, and laid down in an authority's own files.

What travels and is checked on the way is measured elsewhere: documents enter the books by a statement of
their own, with the body as it was packed for the block, which no report reads. Rows, registers and positions
are made and kept by the authority's own parts.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from protocols.freight import Kind
from protocols.freight.values import time_text
from protocols.monitoring.byte_rows import INT, ByteRows
from protocols.monitoring.records import LIVE
from protocols.monitoring.table import Columns, RecordTable
from protocols.wire.tables import POSITION_FIELDS, STATUS_FIXED
from simulator.authority.books import BOOKS, POSITIONS, Book, Registry, rows
from simulator.authority.books.documents import packed
from simulator.authority.books.registry import TerminalRecord, VehicleRecord
from simulator.authority.indicators import Registers, Upload
from simulator.authority.indicators.reduction import reduced
from simulator.authority.indicators.registers import VehicleEntry, vehicle_key
from simulator.authority.indicators.spool import TracksOnDisk
from simulator.authority.store import Store
from simulator.freight import World
from simulator.freight.registration import phone_of, register, vehicle_papers

ACTOR: Final = "bench"
GATEWAY: Final = "gw"
_ANY_MARK: Final = "@@@@"
_BATCH: Final = 1000  # positions
_FORMATS: Final = {2: ">u2", 4: ">u4", 6: "S6"}
_BODY: Final = np.dtype([(name, _FORMATS[width]) for name, _, width in POSITION_FIELDS])
_DOCUMENT: Final = (
    "INSERT INTO document (gateway, reference, enterprise, kind, label, revision, purpose, received_s,"
    " faults, body) VALUES (?, ?, ?, ?, ?, 0, 'monitoring', ?, '[]', ?)"
)


class Copy:
    """One copy of a block. Its names end with, or begin with, a mark."""

    def __init__(self, world: World, number: int, mark: str = "") -> None:
        self._world, self._number = world, number
        self.mark = mark or f"{number:04d}"

    def uploads(self) -> Iterator[Upload]:
        """The documents; they count as checked."""
        for upload in self._world.uploads:
            document = self._changed(upload.kind, dict(upload.document))
            yield replace(upload, reference=upload.reference + self.mark, document=document, faults=())

    def vehicles(self) -> dict[str, VehicleEntry]:
        """Register entries by the key in the block."""
        mark = self.mark
        return {
            key: replace(entry, plate=entry.plate + mark, certificate=entry.certificate + mark)
            for key, entry in self._world.registers.vehicles.items()
        }

    def key(self, key: str) -> str:
        """A vehicle's key here."""
        plate, _, colour = key.partition("/")
        return vehicle_key(plate + self.mark, colour)

    def sequence(self, sequence: str) -> str:
        """A payment's sequence code here."""
        return sequence + self.mark

    def phones(self) -> dict[str, str]:
        """Terminals: key in the block → phone."""
        known = phone_of(self._world)
        first = 1_000_000_000 + self._number * len(known)
        return {key: f"1{first + place}" for place, key in enumerate(known)}

    def _changed(self, kind: Kind, document: dict[str, Any]) -> dict[str, Any]:
        mark = self.mark
        if kind is Kind.WAYBILL:
            document["shippingNoteNumber"] = mark + document["shippingNoteNumber"][4:]
            vehicle = document["vehicleInfo"]
            document["vehicleInfo"] = vehicle | {"vehicleNumber": vehicle["vehicleNumber"] + mark}
        elif kind in (Kind.FUNDS, Kind.LOCATION):
            document["shippingNoteList"] = [
                note | {"shippingNoteNumber": mark + note["shippingNoteNumber"][4:]}
                for note in document["shippingNoteList"]
            ]
            if kind is Kind.FUNDS:
                document["documentNumber"] = mark + document["documentNumber"][4:]
                document["financiallist"] = [
                    payment | {"sequenceCode": self.sequence(payment["sequenceCode"])}
                    for payment in document["financiallist"]
                ]
        elif kind is Kind.VEHICLE:
            names = ("vehicleNumber", "roadTransportCertificateNumber", "trailerVehiclePlateNumber")
            document |= {name: document[name] + mark for name in names if name in document}
        return document


def spread(world: World, copies: int) -> tuple[Registers, TracksOnDisk]:
    """Registers and tracks of all copies in memory and in the spool."""
    registers, tracks = replace(world.registers, vehicles={}, bank={}, terminals={}), TracksOnDisk()
    for number in range(copies):
        copy = Copy(world, number)
        registers.vehicles |= {copy.key(key): entry for key, entry in copy.vehicles().items()}
        registers.bank |= {copy.sequence(name): each for name, each in world.registers.bank.items()}
        registers.terminals |= {copy.key(key): at for key, at in world.registers.terminals.items()}
        for key, points in world.positions.items():
            tracks.add_vehicle(copy.key(key), points)
    return registers, tracks


def lay_down(folder: Path, world: World, copies: int) -> None:
    """Makes the authority's two files. The same each time."""
    kept = _Kept(world)
    with Book(folder / BOOKS) as book, Store(folder / POSITIONS) as store:
        rows.complete(book)
        registry = Registry(book)
        bare = replace(world, registers=replace(world.registers, bank={}))
        register(registry, bare, dict.fromkeys(world.registers.enterprises, GATEWAY), 0)
        sequence = 1
        for number in range(copies):
            copy = Copy(world, number)
            with book.writing():
                _enter(registry, world, copy)
                kept.keep(book, copy)
            for table in _tables(world, copy, sequence):
                store.store(GATEWAY, table)
                sequence += len(table)


def _enter(registry: Registry, world: World, copy: Copy) -> None:
    owners = {vehicle.key: vehicle for vehicle in world.cast.vehicles}
    owners |= {f"{vehicle.trailer}/2": vehicle for vehicle in world.cast.vehicles if vehicle.trailer}
    for key, entry in copy.vehicles().items():
        record = VehicleRecord(
            entry.plate, entry.colour, owners[key].carrier.carrier_id, entry.vehicle_type, entry.tonnage,
            entry.gross, entry.dangerous,
        )  # fmt: skip
        registry.put_vehicle(record, at_s=0, actor=ACTOR)
        registry.put_paper(vehicle_papers(entry, owners[key])[0], at_s=0, actor=ACTOR)
    for key, phone in copy.phones().items():
        registry.put_terminal(TerminalRecord(phone, copy.key(key), GATEWAY), at_s=0, actor=ACTOR)
    for name, payment in world.registers.bank.items():
        registry.put_bank(copy.sequence(name), payment, at_s=0, actor=ACTOR)


class _Kept:
    """The documents of the block as they are kept, to be kept once more under other names."""

    def __init__(self, world: World) -> None:
        self._bodies = [packed(upload.document) for upload in world.uploads]
        self._rows = [reduced(_labelled(upload)) for upload in Copy(world, 0, _ANY_MARK).uploads()]

    def keep(self, book: Book, copy: Copy) -> None:
        """Enters all of them. The row of a funds document is made anew: payments' names are digests."""
        with book.writing() as database:
            for plain, body, row in zip(copy.uploads(), self._bodies, self._rows, strict=True):
                upload = _labelled(plain)
                values = (upload.enterprise, upload.kind.value, upload.label, upload.received_s, body)
                number = database.execute(_DOCUMENT, (GATEWAY, upload.reference, *values)).lastrowid
                assert number is not None
                if upload.kind is Kind.FUNDS:
                    rows.put(database, number, upload)
                else:
                    texts = row.texts.replace(_ANY_MARK, copy.mark)
                    rows.put_row(database, number, row._replace(texts=texts))


def _labelled(upload: Upload) -> Upload:
    """As the authority labels a location document: by its first waybill."""
    notes = upload.document.get("shippingNoteList")
    label = f"{notes[0]['shippingNoteNumber']}/{notes[0]['serialNumber']}" if notes else ""
    return replace(upload, label=label)


def _tables(world: World, copy: Copy, sequence: int) -> Iterator[RecordTable]:
    """The positions of a copy's terminals as they come in: all of them by time."""
    phones = copy.phones()
    known = [key for key in world.positions if key in phones]
    points = np.concatenate([world.positions[key] for key in known])
    of = np.repeat(np.arange(len(known)), [len(world.positions[key]) for key in known])
    order = np.argsort(points["time"], kind="stable")
    points, of = points[order], of[order]
    bodies = np.zeros(len(points), _BODY)
    bodies["status"] = 1 << STATUS_FIXED
    bodies["latitude_udeg"], bodies["longitude_udeg"] = points["latitude"], points["longitude"]
    bodies["time_bcd"] = [bytes.fromhex(time_text(second)[2:]) for second in points["time"].tolist()]
    senders = [(phones[key].zfill(20), 2019, 1) for key in known]
    for begin in range(0, len(points), _BATCH):
        part = slice(begin, begin + _BATCH)
        count = len(points[part])
        sequences = np.arange(sequence + begin, sequence + begin + count)
        received_ms = points["time"][part].astype(INT) * 1000
        same = [np.full(count, value, INT) for value in (0x0200, LIVE)]
        columns = Columns(of[part], sequences, received_ms, same[0], sequences & 0xFFFF, same[1])
        data = bodies[part].tobytes()
        size = _BODY.itemsize
        yield RecordTable(
            senders, columns, ByteRows(data, np.arange(count) * size, np.full(count, size))
        ).compact()
