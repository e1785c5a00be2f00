"""Writes the actors down: documents as an enterprise would send them.

Field names are those of protocols.freight; what a plant changed is written as it is now.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from protocols.freight.documents import Kind
from protocols.freight.values import day_text, text_of, time_text

from ..authority.indicators.uploads import Upload
from .actors import Carrier, Cast, Driver, Settlement, Trip, Vehicle
from .casting import TRAILER_LOAD, VALID_S
from .moving import driver_points

MINUTE_S: Final = 60
TRAILER_COLOUR: Final = "2"
LONG_AGO_S: Final = 365 * 86400


def uploads_of(cast: Cast, start_s: int) -> list[Upload]:
    """Every upload of the world by time of arrival; basic data on the first day."""
    uploads = [*_basics(cast, start_s)]
    for trip in cast.trips:
        uploads += _waybills(trip)
        if trip.has_location:
            uploads.append(
                _upload(Kind.LOCATION, trip, trip.receipt_s + 3 * MINUTE_S, trip.key, location(trip))
            )
    for settlement in cast.settlements:
        if settlement.sent:
            trip = settlement.trips[0]
            uploads.append(
                _upload(
                    Kind.FUNDS, trip, paid_at(settlement) + MINUTE_S, settlement.number, funds(settlement)
                )
            )
    return sorted(uploads, key=lambda upload: (upload.received_s, upload.reference))


def _upload(
    kind: Kind, trip: Trip, second: int, number: str, document: dict[str, Any], *, again: str = ""
) -> Upload:
    reference = f"{kind.name}-{number}{again}"
    return Upload(kind, trip.carrier.company.code, second, reference, document)


def _waybills(trip: Trip) -> Iterator[Upload]:
    """One, or the wrong one before it, or the same once more."""
    sent_s, document = trip.receipt_s + 5 * MINUTE_S, waybill(trip)
    if trip.first_wrong:
        wrong = {**document, "businessTypeCode": "1009998"}
        yield _upload(Kind.WAYBILL, trip, sent_s - MINUTE_S, trip.key, wrong, again="-wrong")
    yield _upload(Kind.WAYBILL, trip, sent_s, trip.key, document)
    if trip.send_twice:
        yield _upload(Kind.WAYBILL, trip, sent_s + MINUTE_S, trip.key, document, again="-again")


def _basics(cast: Cast, start_s: int) -> Iterator[Upload]:
    second = start_s + 3600
    for vehicle in cast.vehicles:
        code = vehicle.carrier.company.code
        yield Upload(Kind.VEHICLE, code, second, f"VEHICLE-{vehicle.key}", vehicle_document(vehicle, start_s))
        if vehicle.trailer:
            document = trailer_document(vehicle)
            yield Upload(Kind.VEHICLE, code, second, f"VEHICLE-{vehicle.trailer}", document)
    for driver in cast.drivers:
        if driver.company.uploads_drivers:
            document = driver_document(driver, start_s)
            yield Upload(Kind.DRIVER, driver.company.code, second, f"DRIVER-{driver.identity}", document)


def paid_at(settlement: Settlement) -> int:
    """A day after the last receipt."""
    return max(trip.receipt_s for trip in settlement.trips) + 86400


def account_of(carrier: Carrier) -> str:
    """The carrier's invented bank account."""
    return f"62220{carrier.carrier_id[-6:]}00000001"


def waybill(trip: Trip) -> dict[str, Any]:
    """The electronic waybill."""
    company, vehicle = trip.vehicle.carrier.company, trip.vehicle
    freight = trip.freight if trip.stated_freight is None else trip.stated_freight
    despatch, receipt = time_text(trip.despatch_s), time_text(trip.receipt_s)
    document: dict[str, Any] = {
        "originalDocumentNumber": f"HT{trip.number[2:]}",
        "shippingNoteNumber": trip.number[:20],
        "serialNumber": trip.serial,
        "vehicleAmount": 1,
        "transportTypeCode": "1",
        "sendToProDateTime": time_text(trip.receipt_s + 5 * MINUTE_S),
        "carrier": company.name,
        "unifiedSocialCreditIdentifier": company.credit_code,
        "permitNumber": company.permit,
        "consignmentDateTime": time_text(trip.created_s),
        "businessTypeCode": trip.business,
        "despatchActualDateTime": despatch,
        "goodsReceiptDateTime": receipt,
        "consignorInfo": {
            "consignor": "示例发货有限公司",
            "consignorId": "91530100MA0000001X",
            "placeOfLoading": f"{trip.origin.name}示例路1号",
            "countrySubdivisionCode": trip.origin_code,
        },
        "consigneeInfo": {
            "consignee": "示例收货有限公司",
            "goodsReceiptPlace": f"{trip.destination.name}示例路2号",
            "countrySubdivisionCode": trip.destination_code,
        },
        "totalMonetaryAmount": text_of(freight, 3),
        "vehicleInfo": _vehicle_info(trip, vehicle, despatch, receipt),
        "actualCarrierInfo": {
            "actualCarrierName": trip.carrier.name,
            "actualCarrierId": trip.carrier.carrier_id,
            "actualCarrierBusinessLicense": trip.carrier.permit,
        },
        "insuranceInformation": {"policyNumber": "none", "insuranceCompanyCode": "none"},
    }
    if trip.missing_consignee:
        del document["consigneeInfo"]["consignee"]
    return document


def _vehicle_info(trip: Trip, vehicle: Vehicle, despatch: str, receipt: str) -> dict[str, Any]:
    info: dict[str, Any] = {
        "vehiclePlateColorCode": vehicle.colour,
        "vehicleNumber": vehicle.plate,
        "driver": [{"driverName": each.name, "drivingLicense": each.identity} for each in trip.drivers],
        "goodsInfo": _goods(trip),
    }
    if trip.serial[2:] != "00":
        info |= {
            "despatchActualDateTime": despatch,
            "goodsReceiptDateTime": receipt,
            "placeOfLoading": f"{trip.origin.name}示例路1号",
            "goodsReceiptPlace": f"{trip.destination.name}示例路2号",
            "loadingCountrySubdivisionCode": trip.origin_code,
            "receiptCountrySubdivisionCode": trip.destination_code,
        }
    return info


def _goods(trip: Trip) -> list[dict[str, Any]]:
    """Two items of one kind: their weights add up."""
    first = trip.weight_g // 3
    return [
        {
            "descriptionOfGoods": "示例货物",
            "cargoTypeClassificationCode": trip.cargo,
            "goodsItemGrossWeight": text_of(grams, 3),
        }
        for grams in (first, trip.weight_g - first)
    ]


def funds(settlement: Settlement) -> dict[str, Any]:
    """The funds flow: a note for each trip, one payment."""
    trip, when = settlement.trips[0], time_text(paid_at(settlement))
    mark = "X" if settlement.for_nothing else ""
    return {
        "documentNumber": settlement.number,
        "sendToProDateTime": time_text(paid_at(settlement) + MINUTE_S),
        "carrier": trip.carrier.name,
        "actualCarrierId": trip.carrier.carrier_id,
        "vehicleNumber": trip.vehicle.plate,
        "vehiclePlateColorCode": trip.vehicle.colour,
        "shippingNoteList": [
            {
                "shippingNoteNumber": mark + each.number[: 20 - len(mark)],
                "serialNumber": each.serial,
                "totalMonetaryAmount": text_of(each.freight, 3),
            }
            for each in settlement.trips
        ],
        "financiallist": [
            {
                "paymentMeansCode": settlement.payment,
                "recipient": trip.carrier.name,
                "receiptAccount": account_of(trip.carrier),
                "bankCode": "ICBK",
                "sequenceCode": f"SEQ{settlement.number}",
                "monetaryAmount": text_of(settlement.paid, 3),
                "dateTime": when,
            }
        ],
    }


def location(trip: Trip) -> dict[str, Any]:
    """The driver's location document, by phone."""
    points = driver_points(trip)
    return {
        "vehicleNumber": trip.vehicle.plate,
        "vehiclePlateColorCode": trip.vehicle.colour,
        "driverName": trip.drivers[0].name,
        "drivingLicense": trip.drivers[0].identity,
        "shippingNoteList": [
            {
                "shippingNoteNumber": trip.number[:20],
                "serialNumber": trip.serial,
                "startCountrySubdivisionCode": trip.origin.code,
                "endCountrySubdivisionCode": trip.destination.code,
                "startLongitude": f"{trip.origin.longitude:.6f}",
                "startLatitude": f"{trip.origin.latitude:.6f}",
                "endLongitude": f"{trip.destination.longitude:.6f}",
                "endLatitude": f"{trip.destination.latitude:.6f}",
            }
        ],
        "source": "phone",
        "datum": "WGS84",
        "positions": [
            {
                "time": time_text(int(point["time"])),
                "longitude": text_of(int(point["longitude"]), 6),
                "latitude": text_of(int(point["latitude"]), 6),
            }
            for point in points
        ],
    }


def vehicle_document(vehicle: Vehicle, start_s: int) -> dict[str, Any]:
    """The vehicle's basic data."""
    tonnage = vehicle.tonnage if vehicle.declared_tonnage is None else vehicle.declared_tonnage
    document = {
        "vehicleNumber": vehicle.plate,
        "vehiclePlateColorCode": vehicle.colour,
        "vehicleType": vehicle.kind,
        "vehicleEnergyType": "B",
        "vehicleTonnage": text_of(tonnage, 2),
        "grossMass": text_of(vehicle.gross, 2),
        "roadTransportCertificateNumber": vehicle.certificate,
    }
    if vehicle.trailer:
        document["trailerVehiclePlateNumber"] = vehicle.trailer
    if vehicle.gross <= 450:
        document |= {
            "owner": vehicle.carrier.name,
            "useCharacter": "货运",
            "vin": f"LDYTEST0{vehicle.plate[-5:]:0>9}",
            "issuingOrganizations": "示例车辆管理所",
            "registerDate": day_text(start_s - LONG_AGO_S),
            "issueDate": day_text(start_s - LONG_AGO_S),
        }
    return document


def trailer_document(vehicle: Vehicle) -> dict[str, Any]:
    """The basic data of a tractor's trailer: its load is what the tractor may carry."""
    return {
        "vehicleNumber": vehicle.trailer,
        "vehiclePlateColorCode": TRAILER_COLOUR,
        "vehicleType": "B11",
        "vehicleEnergyType": "Y",
        "vehicleTonnage": text_of(TRAILER_LOAD, 2),
        "grossMass": "40.00",
        "roadTransportCertificateNumber": vehicle.certificate + "9",
    }


def driver_document(driver: Driver, start_s: int) -> dict[str, Any]:
    """The driver's basic data."""
    document = {
        "driverName": driver.name,
        "drivingLicense": driver.identity,
        "qualificationCertificate": driver.qualification,
        "telephone": driver.telephone,
    }
    if driver.light:
        document |= {
            "vehicleClass": "C1",
            "issuingOrganizations": "示例车辆管理所",
            "validPeriodFrom": day_text(start_s - LONG_AGO_S),
            "validPeriodTo": day_text(start_s + VALID_S),
        }
    return document
