"""A desk on which a test lays a few documents: one clean waybill with all that belongs to it, and changes."""

import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from protocols.freight import Kind
from protocols.freight.scopes import GENERAL
from protocols.freight.values import time_text
from simulator.authority.indicators import Intake, Registers, Report, Rules, Upload, compute, quarter
from simulator.authority.indicators.registers import (
    BankEntry,
    CarrierEntry,
    DriverEntry,
    VehicleEntry,
    vehicle_key,
)
from simulator.authority.indicators.tracks import POINT, Points, TracksInMemory

PERIOD = quarter(2026, 1)
T0 = PERIOD.from_s + 10 * 86400
HOUR = 3600
PLATE, COLOUR = "云A10001", "2"
KEY = vehicle_key(PLATE, COLOUR)
DRIVER, CARRIER, COMPANY = "530100196001010001", "CARRIER1", "OPERATOR1"
START, END = (25_000_000, 102_000_000), (25_000_000, 103_000_000)  # some 100 km, in micro-degrees
ALWAYS = (PERIOD.from_s - 10**8, PERIOD.from_s + 10**8)


def line(despatch_s: int, receipt_s: int, step_s: int = 300, north_udeg: int = 0) -> Points:
    """Points on the straight way, both ends included."""
    times = np.array([*range(despatch_s, receipt_s, step_s), receipt_s])
    points = np.empty(len(times), POINT)
    points["time"] = times
    points["latitude"] = START[0] + north_udeg
    done = (times - despatch_s) / (receipt_s - despatch_s)
    points["longitude"] = (START[1] + (END[1] - START[1]) * done).astype(np.int32)
    return points


def waybill(number: str = "YD1", despatch_s: int = T0, hours: int = 3, **changes: Any) -> dict[str, Any]:
    """Conforms. changes: `path__to__member=value`, lists by their first member."""
    document: dict[str, Any] = {
        "originalDocumentNumber": "HT1",
        "shippingNoteNumber": number,
        "serialNumber": "0000",
        "vehicleAmount": 1,
        "transportTypeCode": "1",
        "sendToProDateTime": time_text(despatch_s),
        "carrier": "示例平台",
        "unifiedSocialCreditIdentifier": "915301000000000001",
        "permitNumber": "530100900001",
        "consignmentDateTime": time_text(despatch_s - HOUR),
        "businessTypeCode": "1002996",
        "despatchActualDateTime": time_text(despatch_s),
        "goodsReceiptDateTime": time_text(despatch_s + hours * HOUR),
        "consignorInfo": {
            "consignor": "甲",
            "consignorId": "1",
            "placeOfLoading": "甲地",
            "countrySubdivisionCode": "530100",
        },
        "consigneeInfo": {"consignee": "乙", "goodsReceiptPlace": "乙地", "countrySubdivisionCode": "530300"},
        "totalMonetaryAmount": "1000.000",
        "vehicleInfo": {
            "vehiclePlateColorCode": COLOUR,
            "vehicleNumber": PLATE,
            "driver": [{"driverName": "王伟", "drivingLicense": DRIVER}],
            "goodsInfo": [
                {
                    "descriptionOfGoods": "钢",
                    "cargoTypeClassificationCode": "0400",
                    "goodsItemGrossWeight": "9900.000",
                }
            ],
        },
        "actualCarrierInfo": {
            "actualCarrierName": "丙",
            "actualCarrierId": CARRIER,
            "actualCarrierBusinessLicense": "PERMIT1",
        },
        "insuranceInformation": {"policyNumber": "none", "insuranceCompanyCode": "none"},
    }
    for path, value in changes.items():
        *way, last = path.split("__")
        inner: Any = document
        for step in way:
            inner = inner[step][0] if isinstance(inner[step], list) else inner[step]
        inner[last] = value
    return document


def funds(
    number: str = "ZJ1", notes: tuple[str, ...] = ("YD1",), freight: str = "1000", paid: str = "1000"
) -> dict[str, Any]:
    """Pays `paid` for waybills of `freight` each; the sequence code is SEQ and the number."""
    return {
        "documentNumber": number,
        "sendToProDateTime": time_text(T0),
        "carrier": "丙",
        "actualCarrierId": CARRIER,
        "vehicleNumber": PLATE,
        "vehiclePlateColorCode": COLOUR,
        "shippingNoteList": [
            {"shippingNoteNumber": note, "serialNumber": "0000", "totalMonetaryAmount": freight}
            for note in notes
        ],
        "financiallist": [
            {
                "paymentMeansCode": "32",
                "recipient": "丙",
                "receiptAccount": "622200000001",
                "sequenceCode": f"SEQ{number}",
                "monetaryAmount": paid,
                "dateTime": time_text(T0 + 86400),
            }
        ],
    }


def location(number: str = "YD1", points: Points | None = None) -> dict[str, Any]:
    """The driver's way with this waybill."""
    taken = line(T0, T0 + 3 * HOUR) if points is None else points
    return {
        "vehicleNumber": PLATE,
        "vehiclePlateColorCode": COLOUR,
        "driverName": "王伟",
        "drivingLicense": DRIVER,
        "shippingNoteList": [
            {
                "shippingNoteNumber": number,
                "serialNumber": "0000",
                "startLatitude": START[0] / 1e6,
                "startLongitude": START[1] / 1e6,
                "endLatitude": END[0] / 1e6,
                "endLongitude": END[1] / 1e6,
            }
        ],
        "source": "phone",
        "datum": "WGS84",
        "positions": [
            {
                "time": time_text(int(point["time"])),
                "latitude": f"{point['latitude'] / 1e6:.6f}",
                "longitude": f"{point['longitude'] / 1e6:.6f}",
            }
            for point in taken
        ],
    }


VEHICLE = {
    "vehicleNumber": PLATE,
    "vehiclePlateColorCode": COLOUR,
    "vehicleType": "H11",
    "vehicleEnergyType": "B",
    "vehicleTonnage": "9.90",
    "grossMass": "18.00",
    "roadTransportCertificateNumber": "CERT1",
}
DRIVER_DATA = {
    "driverName": "王伟",
    "drivingLicense": DRIVER,
    "qualificationCertificate": "QUALIFICATION1",
    "telephone": "13900000000",
}


@dataclass
class Desk:
    """What lies on it can be changed before `report`."""

    registers: Registers = field(default_factory=Registers)
    uploads: list[Upload] = field(default_factory=list)
    tracks: TracksInMemory = field(default_factory=TracksInMemory)
    rules: Rules = field(default_factory=Rules)

    def put(
        self,
        kind: Kind,
        document: Any,
        received_s: int = T0 + 86400,
        enterprise: str = COMPANY,
        reference: str = "",
        revision: int = 0,
        label: str = "",
    ) -> None:
        """Lays down one upload; references count on by themselves."""
        name = reference or f"R{len(self.uploads)}"
        taken = copy.deepcopy(document)
        self.uploads.append(Upload(kind, enterprise, received_s, name, taken, revision=revision, label=label))

    def vehicle(self, **changes: Any) -> None:
        """Changes the vehicle's register entry."""
        self.registers.vehicles[KEY] = replace(self.registers.vehicles[KEY], **changes)

    def report(self) -> Report:
        """Computes."""
        intake = Intake(PERIOD, self.registers, self.tracks)
        for upload in self.uploads:
            intake.add(upload)
        return compute(intake.facts(), self.rules)

    def of(self, indicator: str) -> tuple[int, int]:
        """(numerator, denominator)."""
        found = self.report().indicators[indicator]
        return found.numerator, found.denominator

    def why(self, indicator: str) -> dict[str, str]:
        """Who counts against it, and the reason."""
        return dict(self.report().indicators[indicator].offenders)


def empty_desk() -> Desk:
    """Registers that know vehicle, driver, carrier, operator and payment ZJ1, and the track; no document."""
    desk = Desk()
    desk.registers.enterprises[COMPANY] = "示例平台"
    scope = frozenset({GENERAL})
    desk.registers.vehicles[KEY] = VehicleEntry(PLATE, COLOUR, "CERT1", *ALWAYS, "H11", 990, 1800, scope)
    desk.registers.drivers[DRIVER] = DriverEntry(DRIVER, "王伟", "QUALIFICATION1", *ALWAYS)
    desk.registers.carriers[CARRIER] = CarrierEntry(CARRIER, "PERMIT1", *ALWAYS, scope)
    desk.registers.bank["SEQZJ1"] = BankEntry(1_000_000, "622200000001", T0 + 86400)
    desk.registers.terminals[KEY] = PERIOD.until_s - 86400
    desk.tracks.add_vehicle(KEY, line(T0, T0 + 3 * HOUR))
    return desk


def clean_desk() -> Desk:
    """One waybill and everything that belongs to it: every indicator is at its best."""
    desk = empty_desk()
    desk.put(Kind.WAYBILL, waybill())
    desk.put(Kind.FUNDS, funds())
    desk.put(Kind.LOCATION, location())
    desk.put(Kind.VEHICLE, VEHICLE)
    desk.put(Kind.DRIVER, DRIVER_DATA)
    return desk
