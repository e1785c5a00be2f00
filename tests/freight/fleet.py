"""A small fleet in good order, as the registers have it, and keys to sign its snapshot with."""

from dataclasses import replace

from protocols.driver_code.content import Colour
from protocols.driver_code.trust import IssuerKey, key_id_of
from protocols.freight.certificates import OF_PERSON, OF_VEHICLE, Certificate, Paper
from protocols.freight.registers import Company, Driver, Snapshot, Vehicle
from protocols.freight.scopes import GENERAL
from protocols.freight.snapshot import Signer, Trust
from protocols.freight.values import seconds_of
from protocols.guomi import choose

NOON = seconds_of("20260310120000") or 0
COMPANY_ID = "91530100MA6K0A0A0X"
IDENTITY = "530102198001011235"
PLATE, COLOUR = "云A12345", "2"
TERMINAL = "013800138000"
HOLDER = bytes(range(16))
GUOMI = choose()
PRIVATE, PUBLIC = GUOMI.sm2_new_key()
KEY = IssuerKey(key_id_of(PUBLIC), PUBLIC, 0, 2**40, "authority")
SIGNER = Signer(GUOMI, KEY.key_id, PRIVATE)
TRUST = Trust(GUOMI, [KEY])


def paper(kind: Paper, number: str, **changes: object) -> Certificate:
    """A paper that stands in 2026, of the driver, the vehicle or the company as its kind has it."""
    person, vehicle = kind in OF_PERSON, kind in OF_VEHICLE
    base = Certificate(
        kind,
        number,
        "张三" if person else "昆明运输有限公司",
        IDENTITY if person else COMPANY_ID,
        "20250101",
        "20271231",
        plate=PLATE if vehicle else "",
        plate_colour=COLOUR if vehicle else "",
        classes=("A2",) if kind is Paper.DRIVING else (),
        scope=frozenset({GENERAL}) if kind in {Paper.PERMIT, Paper.TRANSPORT} else frozenset(),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def company() -> Company:
    """The company with its permit."""
    return Company(COMPANY_ID, "昆明运输有限公司", (paper(Paper.PERMIT, "P-1"),))


def vehicle() -> Vehicle:
    """A truck of 18 t rated load and 25 t gross mass."""
    papers = tuple(paper(kind, f"V-{kind.value}") for kind in sorted(OF_VEHICLE))
    return Vehicle(
        PLATE, COLOUR, COMPANY_ID, "H11", 1800, 2500, classes=("A2", "B2"), terminal=TERMINAL, papers=papers
    )


def driver() -> Driver:
    """A driver with a blue code."""
    papers = tuple(paper(kind, f"D-{kind.value}") for kind in sorted(OF_PERSON))
    return Driver(IDENTITY, "张三", HOLDER, Colour.BLUE, papers=papers)


def snapshot(**changes: object) -> Snapshot:
    """The fleet: one company, one vehicle, one driver, made at NOON and good for a day."""
    base = Snapshot(1, "gw-1", NOON, NOON + 86400, (company(),), (vehicle(),), (driver(),))
    return replace(base, **changes)  # type: ignore[arg-type]
