"""Takes uploads in any order and reduces each to a row. What it cannot read it marks; it refuses nothing."""

from array import array
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from protocols.freight.checking import check
from protocols.freight.codes import URBAN_DELIVERY
from protocols.freight.documents import Kind
from protocols.freight.values import seconds_of

from .columns import DTYPES, Names, Picked, Pile, Texts, identity_of, version_of
from .facts import NO_END, UNREAD, Column, DriverDocument, Facts, Table, VehicleDocument
from .period import Period
from .reading import (
    CARGOES,
    LARGEST,
    Document,
    goods_of,
    group_of,
    key_of,
    members_of,
    number_in,
    points_of,
    scaled_of,
    shares_of,
    text_of,
    time_of,
    udeg_of,
)
from .registers import Registers, vehicle_key
from .tracks import Tracks
from .uploads import Upload

_TIMES_AND_AMOUNTS: Final = ("created", "despatch", "receipt", "weight_g", "amount")
_NUMBERS: Final = ("origin", "destination", "urban", "vehicle", "carrier", "licence", "cargo")
_FUNDS: Final = ("amount", "notes"), ("positive", "bank")


class Intake:
    """period: what is counted. registers: the bank must be complete before the first funds document.

    tracks: where the indicators will find positions; those of location documents are added to it.
    """

    def __init__(self, period: Period, registers: Registers, tracks: Tracks) -> None:
        self._period = period
        self._registers = registers
        self._tracks = tracks
        self._ended = False
        self._vehicles, self._drivers = Names(), Names()
        self._carriers, self._regions, self._licences = Names(), Names(), Names()
        self._waybills = Pile(_TIMES_AND_AMOUNTS, _NUMBERS)
        self._funds, self._locations = Pile(*_FUNDS), Pile((), ("points",))
        self._waybill_labels, self._funds_labels, self._location_labels = Texts(), Texts(), Texts()
        self._trips = (array("i"), array("i"))
        # Waybills are named by identities (see `identity_of`) until `facts` numbers them.
        self._funds_notes = (array("i"), array("Q"), array("q"))
        self._location_notes = (array("i"), array("Q"))
        self._location_parts = array("i")  # beside the location notes: number of the driver's points
        self._ends = tuple(array("i") for _ in _ENDS)  # beside the location notes
        self._uploaded: dict[str, set[Kind]] = {}
        self._vehicle_documents: dict[str, tuple[int, VehicleDocument]] = {}
        self._driver_documents: dict[str, tuple[int, DriverDocument]] = {}

    def add(self, upload: Upload) -> None:
        """Takes one document. A later version of the same document replaces it, also one added before it.

        Raises RuntimeError after `facts`, and nothing whatever the document is.
        """
        if self._ended:
            raise RuntimeError("the facts were taken out: this intake has ended")
        if upload.received_s in self._period:
            self._uploaded.setdefault(upload.enterprise, set()).add(upload.kind)
        faults = upload.faults
        if faults is None:
            faults = tuple(f"{fault.field}: {fault.code}" for fault in check(upload.kind, upload.document))
        _TAKERS[upload.kind](self, upload, upload.document, faults)

    def _add(
        self, pile: Pile, identity: int, upload: Upload, faults: tuple[str, ...], values: tuple[int, ...]
    ) -> int:
        version = version_of(upload.received_s, upload.reference, upload.revision)
        return pile.add(identity, version, upload.received_s in self._period, faults, values)

    def _waybill(self, upload: Upload, document: Document, faults: tuple[str, ...]) -> None:
        label = key_of(document) or f"?{upload.reference}"
        vehicle, carrier = group_of(document, "vehicleInfo"), group_of(document, "actualCarrierInfo")
        weight, cargo = goods_of(vehicle)
        values = (
            time_of(document, "consignmentDateTime"),
            time_of(document, "despatchActualDateTime"),
            time_of(document, "goodsReceiptDateTime"),
            weight,
            scaled_of(document.get("totalMonetaryAmount"), 3),
            self._region(group_of(document, "consignorInfo")),
            self._region(group_of(document, "consigneeInfo")),
            int(document.get("businessTypeCode") == URBAN_DELIVERY),
            self._vehicle_number(vehicle),
            number_in(self._carriers, carrier.get("actualCarrierId")),
            number_in(self._licences, carrier.get("actualCarrierBusinessLicense")),
            cargo,
        )
        row = self._add(self._waybills, identity_of(label), upload, faults, values)
        self._waybill_labels.append(label)
        for driver in members_of(vehicle, "driver"):
            number = number_in(self._drivers, driver.get("drivingLicense"))
            if number != UNREAD:
                self._trips[0].append(row)
                self._trips[1].append(number)

    def _fund(self, upload: Upload, document: Document, faults: tuple[str, ...]) -> None:
        label = text_of(document, "documentNumber") or f"?{upload.reference}"
        payments, notes = members_of(document, "financiallist"), members_of(document, "shippingNoteList")
        amounts = [scaled_of(payment.get("monetaryAmount"), 3) for payment in payments]
        freights = [scaled_of(note.get("totalMonetaryAmount"), 3) for note in notes]
        positive = bool(amounts) and bool(freights) and min(amounts) > 0 and min(freights) > 0
        bank = bool(payments) and all(
            self._agrees(payment, amount) for payment, amount in zip(payments, amounts, strict=True)
        )
        values = (min(sum(amounts), LARGEST), min(sum(freights), LARGEST), int(positive), int(bank))
        row = self._add(self._funds, identity_of(label), upload, faults, values)
        self._funds_labels.append(label)
        # What was paid for a waybill: its share of the payments, by its share of the freight of the document.
        shares = shares_of(sum(max(a, 0) for a in amounts), [max(freight, 0) for freight in freights])
        for note, share in zip(notes, shares, strict=True):
            key = key_of(note)
            if key:
                self._funds_notes[0].append(row)
                self._funds_notes[1].append(identity_of(key))
                self._funds_notes[2].append(min(share, LARGEST))

    def _agrees(self, payment: Document, amount: int) -> bool:
        """Whether the bank knows this payment with the same amount, account and time."""
        entry = self._registers.bank.get(text_of(payment, "sequenceCode"))
        return (
            entry is not None
            and entry.amount == amount
            and entry.account == payment.get("receiptAccount")
            and entry.time_s == seconds_of(payment.get("dateTime"))
        )

    def _location(self, upload: Upload, document: Document, faults: tuple[str, ...]) -> None:
        points = points_of(document)
        label = upload.label or upload.reference
        row = self._add(self._locations, identity_of(label), upload, faults, (len(points),))
        self._location_labels.append(label)
        for note in members_of(document, "shippingNoteList"):
            key = key_of(note)
            if not key:
                continue
            self._location_notes[0].append(row)
            self._location_notes[1].append(identity_of(key))
            ends = [udeg_of(note.get(name)) for name in _ENDS]
            for column, end in zip(self._ends, ends, strict=True):
                column.append(NO_END if end is None or None in ends else end)
            self._location_parts.append(self._tracks.add_driver(key, points))

    def _vehicle(self, upload: Upload, document: Document, faults: tuple[str, ...]) -> None:
        key = vehicle_key(text_of(document, "vehicleNumber"), text_of(document, "vehiclePlateColorCode"))
        taken = VehicleDocument(
            text_of(document, "roadTransportCertificateNumber"),
            text_of(document, "vehicleType"),
            scaled_of(document.get("vehicleTonnage"), 2),
            scaled_of(document.get("grossMass"), 2),
            text_of(document, "trailerVehiclePlateNumber"),
        )
        _newest(self._vehicle_documents, key, upload, self._period, taken)

    def _driver(self, upload: Upload, document: Document, faults: tuple[str, ...]) -> None:
        taken = DriverDocument(text_of(document, "driverName"), text_of(document, "qualificationCertificate"))
        _newest(self._driver_documents, text_of(document, "drivingLicense"), upload, self._period, taken)

    def _region(self, group: Document) -> int:
        return number_in(self._regions, text_of(group, "countrySubdivisionCode")[:6])

    def _vehicle_number(self, vehicle: Document) -> int:
        plate, colour = text_of(vehicle, "vehicleNumber"), text_of(vehicle, "vehiclePlateColorCode")
        return self._vehicles.number(vehicle_key(plate, colour)) if plate and colour else UNREAD

    def facts(self) -> Facts:
        """The columns of everything taken. Ends the intake: they are handed over, nothing can be added."""
        self._ended = True
        waybills_alive, funds_alive = self._waybills.alive(), self._funds.alive()
        locations_alive = self._locations.alive()
        noted, located = _columns(self._funds_notes), _columns(self._location_notes)
        keys, count = _numbered(self._waybills.identities(), noted, located)
        known_waybills = _known(keys[waybills_alive], count)
        waybills, waybill_rows = _table(self._waybills, waybills_alive, self._waybill_labels, {"key": keys})
        funds, funds_rows = _table(self._funds, funds_alive, self._funds_labels)
        locations, location_rows = _table(self._locations, locations_alive, self._location_labels)
        trips = _columns(self._trips)
        trip_rows = waybill_rows[trips[0]] if len(trips[0]) else trips[0]
        kept = trip_rows >= 0
        self._retire(located, locations_alive)
        return Facts(
            period=self._period,
            registers=self._registers,
            tracks=self._tracks,
            waybills=waybills,
            trips={"waybill": trip_rows[kept], "driver": trips[1][kept]},
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
            known_funds=_known(noted[1][funds_alive[noted[0]]] if len(noted[0]) else noted[1], count),
            known_locations=_known(
                located[1][locations_alive[located[0]]] if len(located[0]) else located[1], count
            ),
            vehicle_documents={key: taken for key, (_, taken) in self._vehicle_documents.items()},
            driver_documents={key: taken for key, (_, taken) in self._driver_documents.items()},
        )

    def _retire(self, notes: list[Column], alive: Column) -> None:
        """The points of replaced location documents prove nothing any more."""
        if len(notes[0]):
            parts = np.frombuffer(self._location_parts, dtype=np.int32)
            self._tracks.retire_driver(parts[~alive[notes[0]]].tolist())

    def _ends_column(self, notes: list[Column], alive: Column, count: int) -> Column:
        """Per key, the ends of its newest location document that says them."""
        ends = np.full((count, len(_ENDS)), NO_END, dtype=np.int32)
        if len(notes[0]):
            said = np.stack([np.array(column, dtype=np.int32) for column in self._ends], axis=1)
            kept = np.flatnonzero(alive[notes[0]] & (said[:, 0] != NO_END))
            kept = kept[np.argsort(self._locations.versions()[notes[0][kept]], kind="stable")]
            ends[notes[1][kept]] = said[kept]  # of several the last is kept: the newest
        return ends


_ENDS: Final = ("startLatitude", "startLongitude", "endLatitude", "endLongitude")
_TAKERS: Final = {
    Kind.WAYBILL: Intake._waybill,
    Kind.FUNDS: Intake._fund,
    Kind.VEHICLE: Intake._vehicle,
    Kind.DRIVER: Intake._driver,
    Kind.LOCATION: Intake._location,
}


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


def _columns(arrays: tuple[Any, ...]) -> list[Column]:
    """Handed over, not copied."""
    return [np.frombuffer(each, dtype=DTYPES[each.typecode]) for each in arrays]


def _notes(notes: list[Column], rows: Column) -> dict[str, Column]:
    numbered = rows[notes[0]] if len(notes[0]) else notes[0]
    kept = numbered >= 0
    return {"row": numbered[kept], "key": notes[1][kept]}


def _paid(notes: list[Column], alive: Column, count: int) -> Column:
    paid = np.full(count, UNREAD, dtype=np.int64)
    if len(notes[0]):
        kept = alive[notes[0]]
        paid[notes[1][kept]] = 0
        np.add.at(paid, notes[1][kept], notes[2][kept])
    return paid


def _known(keys: Column, count: int) -> Column:
    known = np.zeros(count, dtype=bool)
    known[keys] = True
    return known


def _newest(kept: dict[str, Any], key: str, upload: Upload, period: Period, taken: Any) -> None:
    """Basic data: the newest that arrived before the period's end, also long before the period."""
    version = version_of(upload.received_s, upload.reference, upload.revision)
    if upload.received_s < period.until_s and (key not in kept or kept[key][0] < version):
        kept[key] = (version, taken)
