"""Freight without a gateway around it: the real book, registers, desk and trips; a clock that the test
sets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_gateway.freight import errands
from edge_gateway.freight.book import Book
from edge_gateway.freight.clock import Now
from edge_gateway.freight.closing import Closing
from edge_gateway.freight.codes_down import CodesDown
from edge_gateway.freight.desk import FreightDesk
from edge_gateway.freight.dispatching import DeskRules
from edge_gateway.freight.gate import Policy
from edge_gateway.freight.gatekeeper import Gatekeeper
from edge_gateway.freight.intake import Intake
from edge_gateway.freight.paperwork import Paperwork
from edge_gateway.freight.places import place_of
from edge_gateway.freight.proof import Evidence
from edge_gateway.freight.registers import Registers
from edge_gateway.freight.releasing import gate_of
from edge_gateway.freight.signing import Signing
from edge_gateway.freight.sources import OWN
from edge_gateway.freight.trips import Rules, Trips
from edge_gateway.freight.whose import Whose
from edge_gateway.registry import Device, Terminal
from protocols.driver_code.codec import StandIn
from protocols.driver_code.content import Colour, Content, Holder
from protocols.driver_code.lists import write_revocations
from protocols.driver_code.presence import hashed
from protocols.driver_code.trust import Revocations
from protocols.freight.documents import SPECIFICATION
from protocols.freight.registers import Snapshot
from protocols.freight.snapshot import seal
from protocols.freight.values import time_text
from protocols.jt808 import walk
from protocols.monitoring.records import LIVE, MESSAGE, Record
from protocols.wire import presence
from tests.freight import fleet

PRESENCE_KEY = bytes(range(32))
REFERENCE = 7
EPOCH_2000_S = 946_684_800
PHONE = fleet.TERMINAL
TERMINAL = PHONE.lstrip("0")
EDITION = 2013
KUNMING = (24_880_000, 102_800_000)


@dataclass
class House:
    """now_s: the clock. policy, rules: of the trips. Everything real but the network and the terminals."""

    folder: Path
    policy: Policy = field(default_factory=Policy)
    rules: Rules = field(default_factory=lambda: Rules(location_delay_s=0))
    now_s: int = fleet.NOON
    presence_required: bool = True
    online: Colour | None = None
    signing: Signing | None = None
    seals: dict[str, bytes] = field(default_factory=dict)
    terminals: "Terminals" = field(default_factory=lambda: Terminals(terminal(TERMINAL, fleet.PLATE)))

    def __post_init__(self) -> None:
        self.audits: list[tuple[str, str, str, str]] = []
        self.sequence = 0
        self.open()

    def open(self) -> None:
        """Also after a crash: what is on the disk is what there is."""
        self.book = Book(self.folder / "freight.db")
        self.registers = Registers(self.book, fleet.GUOMI, [fleet.KEY])
        self.evidence = evidence = Evidence(self.book, "gw-1", "sm3", self.signing)
        self.whose = Whose(self.terminals, self.registers)
        self.codes = CodesDown(self.book, self.registers, self.whose, self.seals)
        self.place = place_of(self.book, OWN)
        self.papers = Paperwork(
            self.book,
            self.registers,
            evidence,
            profile=SPECIFICATION,
            gate=gate_of(),
            audit=lambda *line: self.audits.append(line),
            moved=lambda: None,
            utc_ms=lambda: self.now_s * 1000,
        )
        gate = Gatekeeper(
            self.book,
            self.registers,
            evidence,
            policy=self.policy,
            edition_of=self.whose.edition_of,
            vehicle_of=self.whose.vehicle_of,
        )
        closing = Closing(self.book, self.registers, evidence, self.papers.submit, 30)
        self.trips = self.papers.paid = Trips(self.book, gate, closing, self.rules)
        self.desk = FreightDesk(
            self.book,
            self.registers,
            evidence,
            rules=DeskRules(self.presence_required),
            papers=self.papers,
            trips=self.trips,
            codes=self.codes,
            audit=lambda *line: self.audits.append(line),
            terminal_of=self.whose.terminal_of,
            edition_of=self.whose.edition_of,
            moved=lambda: None,
            ask_colour=lambda _: self.online,
            utc_ms=lambda: self.now_s * 1000,
        )
        self.intake = Intake(self.book, self.registers, self.trips)

    def know(self, snapshot: Snapshot | None = None) -> None:
        """The registers and an empty revocation list came, and the presence key."""
        self.registers.take_snapshot(seal(snapshot or fleet.snapshot(), fleet.SIGNER))
        self.registers.take_revocations(write_revocations(Revocations(self.now_s, frozenset())))
        with self.book.turn():
            self.registers.add_presence(REFERENCE, PRESENCE_KEY)

    def code(self, colour: Colour = Colour.BLUE, plate: str = fleet.PLATE) -> str:
        """A code of the fleet's driver."""
        content = Content(
            Holder.DRIVER, fleet.HOLDER, "张**", plate, int(fleet.COLOUR), ("A2",), colour,
            fleet.NOON - 3600, fleet.NOON + 90 * 86400, fleet.KEY.key_id,
        )  # fmt: skip
        return StandIn(fleet.GUOMI).sign(content, fleet.PRIVATE)

    def shown(self, code: str, at_s: int | None = None) -> str:
        """What the terminal's screen shows of a code at that second."""
        second = (self.now_s if at_s is None else at_s) - EPOCH_2000_S
        day, rest = divmod(second, 86400)
        return code + presence.proof(code.encode(), day, rest, REFERENCE, PRESENCE_KEY, hashed).decode()

    def record(self, message_id: int, values: dict[str, Any], edition: int = EDITION) -> Record:
        """A record of the journal."""
        self.sequence += 1
        body = walk.encode_body(message_id, edition, values)
        kind = LIVE if message_id == 0x0200 else MESSAGE
        return Record(self.sequence, self.now_s * 1000, PHONE, edition, 0, message_id, 1, kind, body)

    def take(self, *records: Record) -> None:
        """The journal's run, as the follower gives it."""
        self.intake.take(self.place, records, Now(self.now_s * 1000))

    def loads(self, number: str, loaded: bool = True, at_s: int | None = None) -> Record:
        """0x0701 of the terminal."""
        when = time_text(self.now_s if at_s is None else at_s)[2:]
        text = f"DYWB1;{'L' if loaded else 'U'};{number};{when};{KUNMING[0]};{KUNMING[1]};;steel"
        return self.record(0x0701, {"content": text.encode("gbk")})

    def position(self, at_s: int, *, speed_dkmh: int = 600, number: str = "", east_udeg: int = 0) -> Record:
        """0x0200 of the terminal."""
        items = [{"id": 0xE1, "value": number.encode()}] if number else []
        values = {
            "alarm": 0, "status": 3, "latitude_udeg": KUNMING[0], "longitude_udeg": KUNMING[1] + east_udeg,
            "altitude_m": 1890, "speed_dkmh": speed_dkmh, "direction_deg": 90,
            "time_bcd": bytes.fromhex(time_text(at_s)[2:]), "items": items, "trailing": b"",
        }  # fmt: skip
        return self.record(0x0200, values)

    def card(self, inserted: bool, at_s: int | None = None) -> Record:
        """0x0702 of the terminal."""
        when = bytes.fromhex(time_text(self.now_s if at_s is None else at_s)[2:])
        values: dict[str, Any] = {"status": 1 if inserted else 2, "time_bcd": when}
        if inserted:
            values |= {
                "read_result": 0, "name": "张三".encode("gbk"), "issuer": b"YN",
                "valid_until_bcd": bytes.fromhex("20271231"),
                "qualification": b"D-qualification".ljust(20, b"\0"),
            }  # fmt: skip
        return self.record(0x0702, values)

    def orders(self) -> list[str]:
        """The orders on their way to the screen."""
        found = [each for each in errands.waiting(self.book, 100) if each.message == errands.PASSTHROUGH]
        return [bytes.fromhex(each.body["content"]["hex"]).decode("gbk") for each in found]

    def texts(self) -> list[str]:
        """The texts on their way to the driver."""
        return [each.body["text"] for each in errands.waiting(self.book, 100) if each.message == errands.TEXT]


class Terminals:
    """A list of terminals as freight asks it; `know` adds one that registers now."""

    def __init__(self, *known: Terminal) -> None:
        self._known = {each.identity: each for each in known}

    def know(self, added: Terminal) -> None:
        """It registered."""
        self._known[added.identity] = added

    def __iter__(self) -> Iterator[Terminal]:
        return iter(list(self._known.values()))

    def get(self, identity: str) -> Terminal | None:
        """The terminal of this identity."""
        return self._known.get(identity)

    def edition_of(self, identity: str) -> int | None:
        """The edition it registered with."""
        found = self.get(identity)
        return found.edition if found else None


def terminal(identity: str, plate: str, colour: str = fleet.COLOUR) -> Terminal:
    """One that registered from this vehicle."""
    device = Device(53, 100, b"DYEDG", b"EDGE-1", b"T1", int(colour), plate.encode("gbk"))
    return Terminal(identity, EDITION, device)


def order(number: str = "YD2026031001", serial: str = "0000", **changes: Any) -> dict[str, Any]:
    """WLHY_YD1001 before its trip: vehicle and driver left to the code."""
    document: dict[str, Any] = {
        "originalDocumentNumber": f"O-{number}", "shippingNoteNumber": number, "serialNumber": serial,
        "vehicleAmount": "1", "transportTypeCode": "1", "carrier": "昆明网络货运有限公司",
        "unifiedSocialCreditIdentifier": "91530100MA6K0B0B0X", "permitNumber": "530100123456",
        "consignmentDateTime": time_text(fleet.NOON - 7200), "businessTypeCode": "1002996",
        "consignorInfo": {"consignor": "昆明钢铁", "consignorId": "91530100000000000A",
                          "placeOfLoading": "昆明市安宁市", "countrySubdivisionCode": "530181"},
        "consigneeInfo": {"consignee": "曲靖建材", "goodsReceiptPlace": "曲靖市麒麟区",
                          "countrySubdivisionCode": "530302"},
        "totalMonetaryAmount": "1800.000",
        "vehicleInfo": {"goodsInfo": [{"descriptionOfGoods": "螺纹钢", "cargoTypeClassificationCode": "0400",
                                       "goodsItemGrossWeight": "17500.000"}]},
        "actualCarrierInfo": {"actualCarrierName": "昆明运输有限公司", "actualCarrierId": fleet.COMPANY_ID,
                              "actualCarrierBusinessLicense": "530100000001"},
        "insuranceInformation": {"policyNumber": "none", "insuranceCompanyCode": "none"},
    }  # fmt: skip
    return document | changes


def whole_order(number: str = "YD2026031001", **changes: Any) -> dict[str, Any]:
    """The same with vehicle and driver."""
    document = order(number, **changes)
    vehicle = {
        "vehicleNumber": fleet.PLATE, "vehiclePlateColorCode": fleet.COLOUR,
        "driver": [{"driverName": "张三", "drivingLicense": fleet.IDENTITY}],
    }  # fmt: skip
    return document | {"vehicleInfo": document["vehicleInfo"] | vehicle}


def funds(number: str = "YD2026031001", document_number: str = "ZJ-1") -> dict[str, Any]:
    """WLHY_ZJ1001 for one waybill."""
    return {
        "documentNumber": document_number, "sendToProDateTime": time_text(fleet.NOON + 90_000),
        "carrier": "昆明运输有限公司", "actualCarrierId": fleet.COMPANY_ID, "vehicleNumber": fleet.PLATE,
        "vehiclePlateColorCode": fleet.COLOUR,
        "shippingNoteList": [{"shippingNoteNumber": number, "serialNumber": "0000",
                              "totalMonetaryAmount": "1800.000"}],
        "financiallist": [{"paymentMeansCode": "32", "recipient": "张三",
                           "receiptAccount": "6222000011112222",
                           "bankCode": "ICBK", "sequenceCode": "S-1", "monetaryAmount": "1800.000",
                           "dateTime": time_text(fleet.NOON + 86_400)}],
    }  # fmt: skip
