"""The five documents (单据), each declared once: field, cardinality, type, code table.

Reconstructed from developers' comments that restate the ministry's specification; the specification itself
was not found. Where two sources contradict each other a `Profile` decides. `ours` marks what we added.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from . import codes
from .fields import Field, Leaf, code, date8, degrees, number, text, time14

VERSION: Final = "2.0"  # documentVersionNumber
LIGHT_T: Final = "4.5"  # tonnes of gross mass; up to and with it, certificates are not asked for
LIGHT_PERMIT: Final = r"[0-9]{6}000000"  # area code and six zeros stand for "none needed"
LIGHT_QUALIFICATION: Final = r"[0-9]{6}000000000000"


class Kind(StrEnum):
    """A document by the code of its interface."""

    WAYBILL = "WLHY_YD1001"
    FUNDS = "WLHY_ZJ1001"
    VEHICLE = "WLHY_CL1001"
    DRIVER = "WLHY_JSY1001"
    LOCATION = "WLHY_WZ1001"


@dataclass(frozen=True)
class Profile:
    """Where the sources disagree. segments_always: vehicleInfo's own endpoints are required in every waybill,
    not only in segmented transport. bank_code: required. multimodal: the four extra codes are taken.
    identity_exact: the driver document's identity number has exactly 18 characters.
    """

    name: str
    segments_always: bool = False
    bank_code: bool = False
    multimodal: bool = False
    identity_exact: bool = False


SPECIFICATION: Final = Profile("specification")
PROVINCE_2_0: Final = Profile("province-2.0", segments_always=True, bank_code=True, identity_exact=True)


@dataclass(frozen=True)
class Layout:
    """kind, its Chinese name (documentName), its fields in order."""

    kind: Kind
    name: str
    title: str
    fields: tuple[Field, ...]


def _one(name: str, leaf: Leaf, ours: bool = False) -> Field:
    return Field(name, True, leaf, ours=ours)


def _may(name: str, leaf: Leaf, ours: bool = False) -> Field:
    return Field(name, False, leaf, ours=ours)


_REMARK: Final = _may("remark", text(256))
_PLATE: Final = _one("vehicleNumber", text(35))
_COLOUR: Final = _one("vehiclePlateColorCode", code(codes.PLATE_COLOUR, "plate colour"))
_NUMBER: Final = _one("shippingNoteNumber", text(20))
_SERIAL: Final = _one("serialNumber", text(4, 4, "[0-9]{4}"))
_SENT: Final = _one("sendToProDateTime", time14())
_MONEY: Final = number(18, 3)
# GB/T 2260 has six digits; the field has room for twelve and only the first six are looked at.
_REGION: Final = text(12, 6, "[0-9]{6}[0-9]{0,6}", "an..12, area code")

SEGMENT_FIELDS: Final = (
    "despatchActualDateTime",
    "goodsReceiptDateTime",
    "placeOfLoading",
    "goodsReceiptPlace",
    "loadingCountrySubdivisionCode",
    "receiptCountrySubdivisionCode",
)

_CONSIGNOR: Final = (
    _one("consignor", text(512)),
    _one("consignorId", text(35)),
    _one("placeOfLoading", text(256)),
    _one("countrySubdivisionCode", _REGION),
)
_CONSIGNEE: Final = (
    _one("consignee", text(512)),
    _may("consigneeId", text(35)),
    _one("goodsReceiptPlace", text(256)),
    _one("countrySubdivisionCode", _REGION),
)
_GOODS: Final = (
    _one("descriptionOfGoods", text(512)),
    _one("cargoTypeClassificationCode", code(codes.CARGO, "cargo")),
    _one("goodsItemGrossWeight", number(14, 3)),  # kilograms, though vehicleTonnage is in tonnes
    _may("cube", number(9, 4)),
    _may("totalNumberOfPackages", number(8)),
)
_VEHICLE_INFO: Final = (
    _COLOUR,
    _PLATE,
    _may("despatchActualDateTime", time14()),
    _may("goodsReceiptDateTime", time14()),
    _may("placeOfLoading", text(256)),
    _may("goodsReceiptPlace", text(256)),
    _may("loadingCountrySubdivisionCode", _REGION),
    _may("receiptCountrySubdivisionCode", _REGION),
    Field(
        "driver",
        True,
        # drivingLicense carries the identity number, whatever its name says
        members=(_one("driverName", text(30)), _one("drivingLicense", text(18))),
        many=True,
    ),
    Field("goodsInfo", True, members=_GOODS, many=True),
)

WAYBILL: Final = Layout(
    Kind.WAYBILL,
    "电子运单",
    "waybill",
    (
        _one("originalDocumentNumber", text(35)),
        _NUMBER,
        _SERIAL,
        _one("vehicleAmount", number(4)),
        _one("transportTypeCode", code(codes.TRANSPORT | codes.TRANSPORT_MULTIMODAL, "transport")),
        _SENT,
        _one("carrier", text(512)),
        _one("unifiedSocialCreditIdentifier", text(18, 18, "[0-9A-Z]{18}")),
        _one("permitNumber", text(50)),
        _one("consignmentDateTime", time14()),
        _one("businessTypeCode", code(codes.BUSINESS, "business")),
        _one("despatchActualDateTime", time14()),
        _one("goodsReceiptDateTime", time14()),
        Field("consignorInfo", True, members=_CONSIGNOR),
        Field("consigneeInfo", True, members=_CONSIGNEE),
        _one("totalMonetaryAmount", _MONEY),
        Field("vehicleInfo", True, members=_VEHICLE_INFO),
        Field(
            "actualCarrierInfo",
            True,
            members=(
                _one("actualCarrierName", text(256)),
                _one("actualCarrierId", text(50)),
                _one("actualCarrierBusinessLicense", text(50)),
            ),
        ),
        Field(
            "insuranceInformation",
            True,
            members=(
                _one("policyNumber", text(30)),
                _one("insuranceCompanyCode", text(30, 4, "[A-Z]{4}|none", "four letters, or none")),
            ),
        ),
        _REMARK,
    ),
)

FUNDS: Final = Layout(
    Kind.FUNDS,
    "资金流水单",
    "funds flow",
    (
        _one("documentNumber", text(35)),
        _SENT,
        _one("carrier", text(512)),  # the actual carrier here, the operator in the waybill
        _one("actualCarrierId", text(50)),
        _PLATE,
        _COLOUR,
        Field(
            "shippingNoteList",
            True,
            members=(_NUMBER, _SERIAL, _one("totalMonetaryAmount", _MONEY)),
            many=True,
        ),
        Field(
            "financiallist",  # spelled so
            True,
            members=(
                _one("paymentMeansCode", code(codes.PAYMENT, "payment")),
                _one("recipient", text(512)),
                _one("receiptAccount", text(512)),
                _may("bankCode", text(11, 4, "[A-Z]{4}[A-Z0-9]{0,7}")),
                _one("sequenceCode", text(50)),
                _one("monetaryAmount", _MONEY),
                _one("dateTime", time14()),
            ),
            many=True,
        ),
        _REMARK,
    ),
)

# Required for vehicles up to 4.5 t, whose data no road transport register holds; optional otherwise.
LIGHT_VEHICLE_FIELDS: Final = (
    "owner",
    "useCharacter",
    "vin",
    "issuingOrganizations",
    "registerDate",
    "issueDate",
)
VEHICLE: Final = Layout(
    Kind.VEHICLE,
    "车辆基本信息",
    "vehicle",
    (
        _PLATE,
        _COLOUR,
        _one("vehicleType", text(3, 3, "[A-Z][0-9]{2}", "an..3, GA/T 16.4")),
        _may("owner", text(128)),
        _may("useCharacter", text(20)),
        _may("vin", text(32)),
        _may("issuingOrganizations", text(128)),
        _may("registerDate", date8()),
        _may("issueDate", date8()),
        _one("vehicleEnergyType", code(codes.ENERGY, "energy")),
        _one("vehicleTonnage", number(9, 2)),  # tonnes, rated load
        _one("grossMass", number(9, 2)),  # tonnes
        _one("roadTransportCertificateNumber", text(20)),
        _may("trailerVehiclePlateNumber", text(35)),
        _REMARK,
    ),
)

LIGHT_DRIVER_FIELDS: Final = ("vehicleClass", "issuingOrganizations", "validPeriodFrom", "validPeriodTo")
DRIVER: Final = Layout(
    Kind.DRIVER,
    "驾驶员基本信息",
    "driver",
    (
        _one("driverName", text(30)),
        _one("drivingLicense", text(18)),
        _may("vehicleClass", text(20)),
        _may("issuingOrganizations", text(128)),
        _may("validPeriodFrom", date8()),
        _may("validPeriodTo", date8()),
        _one("qualificationCertificate", text(19)),  # 18 in one source, 19 in another
        _one("telephone", text(18)),
        _REMARK,
    ),
)

# The upload document was not found. The keys are those of the ministry's phone SDK; the positions, their
# source and datum, the driver's identity and the plate colour are ours.
_TRIP: Final = (
    _NUMBER,
    _SERIAL,
    _may("startCountrySubdivisionCode", _REGION),
    _may("endCountrySubdivisionCode", _REGION),
    _one("startLongitude", degrees(180)),
    _one("startLatitude", degrees(90)),
    _one("endLongitude", degrees(180)),
    _one("endLatitude", degrees(90)),
    _may("startLocationText", text(256)),
    _may("endLocationText", text(256)),
)
_POSITION: Final = (
    _one("time", time14(), ours=True),
    _one("longitude", degrees(180), ours=True),
    _one("latitude", degrees(90), ours=True),
    _may("speed", number(4, 1), ours=True),  # km/h
    _may("direction", number(3), ours=True),  # degrees
)
POSITIONS_MAX: Final = 5000
LOCATION: Final = Layout(
    Kind.LOCATION,
    "驾驶员位置单",
    "driver location",
    (
        _PLATE,
        Field("vehiclePlateColorCode", True, _COLOUR.leaf, ours=True),
        _one("driverName", text(30)),
        _one("drivingLicense", text(18), ours=True),
        Field("shippingNoteList", True, members=_TRIP, many=True),
        _one("source", code(codes.SOURCE, "source"), ours=True),
        _one("datum", code(codes.DATUM, "datum"), ours=True),
        Field("positions", True, members=_POSITION, many=True, most=POSITIONS_MAX, ours=True),
        _REMARK,
    ),
)

DOCUMENTS: Final = {layout.kind: layout for layout in (WAYBILL, FUNDS, VEHICLE, DRIVER, LOCATION)}
