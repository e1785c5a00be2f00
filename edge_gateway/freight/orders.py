"""An order as the company gives it: WLHY_YD1001 as far as it is known before the trip, and what is not in it.
Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from protocols.freight.capacity import Cargo
from protocols.freight.checking import check
from protocols.freight.documents import Kind
from protocols.freight.faults import Fault, FaultCode
from protocols.freight.registers import Driver, vehicle_key
from protocols.freight.values import scaled

LATER: Final = ("despatchActualDateTime", "goodsReceiptDateTime", "sendToProDateTime")  # the trip tells them
_GRAMS: Final = 3


class OrderError(ValueError):
    """An order that is none; faults: by field."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True)
class Order:
    """document: the waybill's fields without those of LATER. route_sheet: of dangerous goods, else None.
    enterprise: exchange code of the operator; empty: the one whose gateway this is."""

    document: Mapping[str, Any]
    dangerous: bool = False
    route_sheet: Mapping[str, Any] | None = None
    enterprise: str = ""

    @property
    def number(self) -> str:
        """shippingNoteNumber."""
        return str(self.document["shippingNoteNumber"])

    @property
    def serial(self) -> str:
        """serialNumber."""
        return str(self.document["serialNumber"])

    @property
    def vehicle(self) -> str:
        """`vehicle_key` of its vehicle."""
        vehicle = self.document["vehicleInfo"]
        return vehicle_key(vehicle["vehicleNumber"], vehicle["vehiclePlateColorCode"])

    @property
    def driver(self) -> str:
        """Identity number of its first driver."""
        return str(self.document["vehicleInfo"]["driver"][0]["drivingLicense"])

    @property
    def company(self) -> str:
        """Id of the actual carrier."""
        return str(self.document["actualCarrierInfo"]["actualCarrierId"])

    @property
    def words(self) -> str:
        """The cargo for a driver's screen."""
        goods = self.document["vehicleInfo"]["goodsInfo"]
        tonnes = sum(_grams(each) for each in goods) / 1_000_000
        return f"{goods[0]['descriptionOfGoods'].replace(';', ',')[:40]} {tonnes:g}t"


def checked(order: Order) -> Order:
    """The same. Raises OrderError with every fault of what an order must say already."""
    document = order.document
    faults = [each for each in check(Kind.WAYBILL, document) if each.field.rpartition(".")[2] not in LATER]
    number = document.get("shippingNoteNumber")
    if isinstance(number, str) and (";" in number or len(number.encode("gbk", "replace")) > 20):
        faults.append(
            Fault("shippingNoteNumber", FaultCode.LENGTH, "20 bytes without a semicolon: what a screen takes")
        )
    if faults:
        raise OrderError(faults)
    return order


def with_driver(order: Order, driver: Driver, plate: str, colour: int) -> Order:
    """The order with who and what was scanned, where the company left it open."""
    given = order.document.get("vehicleInfo")
    vehicle = dict(given) if isinstance(given, Mapping) else {}
    vehicle.setdefault("vehicleNumber", plate)
    vehicle.setdefault("vehiclePlateColorCode", str(colour))
    vehicle.setdefault("driver", [{"driverName": driver.name, "drivingLicense": driver.identity}])
    return replace(order, document={**order.document, "vehicleInfo": vehicle})


def cargoes_of(document: Mapping[str, Any] | None, dangerous: bool) -> tuple[Cargo, ...]:
    """What capacity is asked for: each kind of goods once, with the weight of all of them."""
    goods = (document or {}).get("vehicleInfo", {}).get("goodsInfo", [])
    if not goods:
        return (Cargo("", None, dangerous),)
    weight_kg = -(-sum(_grams(each) for each in goods) // 1000)
    codes = dict.fromkeys(str(each["cargoTypeClassificationCode"]) for each in goods)
    return tuple(Cargo(code, weight_kg, dangerous) for code in codes)


def _grams(goods: Mapping[str, Any]) -> int:
    return scaled(goods["goodsItemGrossWeight"], _GRAMS) or 0
