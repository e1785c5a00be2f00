"""Who takes part: companies, carriers, vehicles, drivers; and what they do: trips and settlements.

These are the simulator's own objects. Plants change them; `writing` turns them into documents and registers.
Grams and thousandths of a yuan, whole numbers; times are Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .places import Place

TONNE_G = 1_000_000


@dataclass
class Company:
    """A network-freight operator (网络货运经营者)."""

    code: str
    name: str
    credit_code: str
    permit: str
    place: Place
    uploads_locations: bool = True
    uploads_drivers: bool = True


@dataclass
class Carrier:
    """An actual carrier. registered_until_s: end of its permit."""

    carrier_id: str
    name: str
    permit: str
    scope: frozenset[str]
    company: Company
    light_only: bool
    registered_until_s: int


@dataclass
class Driver:
    """identity: invented. light: drives vehicles of at most 4.5 t only."""

    identity: str
    name: str
    qualification: str
    telephone: str
    company: Company
    light: bool
    registered_until_s: int
    blacklisted: bool = False


@dataclass
class Vehicle:
    """gross, tonnage: hundredths of a tonne; load: what it may carry, of the trailer for a tractor.

    declared_tonnage: what the vehicle document says, when it does not say the truth. terminal: registered;
    heard: whether it ever spoke.
    """

    plate: str
    colour: str
    kind: str
    gross: int
    tonnage: int
    load: int
    certificate: str
    registered_until_s: int
    carrier: Carrier
    drivers: list[Driver]
    trailer: str = ""
    dangerous: bool = False
    declared_tonnage: int | None = None
    terminal: bool = True
    heard: bool = True

    @property
    def key(self) -> str:
        """Plate and colour."""
        return f"{self.plate}/{self.colour}"

    @property
    def light(self) -> bool:
        """At most 4.5 t, ordinary goods."""
        return self.gross <= 450 and not self.dangerous

    @property
    def medium(self) -> bool:
        """At most 12 t, ordinary goods: its own positions prove nothing that is asked for."""
        return self.gross <= 1200 and not self.dangerous


@dataclass
class Trip:
    """One waybill. Plants write into its fields."""

    number: str
    serial: str
    vehicle: Vehicle
    drivers: list[Driver]
    carrier: Carrier
    origin: Place
    destination: Place
    created_s: int
    despatch_s: int
    receipt_s: int
    weight_g: int
    freight: int
    cargo: str
    business: str
    seed: int
    origin_code: str = ""
    destination_code: str = ""
    stated_freight: int | None = None
    missing_consignee: bool = False
    has_location: bool = True
    driver_elsewhere: bool = False
    track_gap: bool = False
    track_shift_s: int = 0  # the journey was really that much earlier: a second waybill for one journey
    send_twice: bool = False
    first_wrong: bool = False

    @property
    def key(self) -> str:
        """number/serial."""
        return f"{self.number}/{self.serial}"


@dataclass
class Settlement:
    """One funds document: what one carrier gets for the trips of one vehicle. paid: thousandths of a yuan.

    banked: what the bank says, None for the truth. for_nothing: it names a waybill that nobody sent.
    """

    number: str
    trips: list[Trip]
    paid: int
    payment: str = "32"
    banked: int | None = None
    sent: bool = True
    for_nothing: bool = False


@dataclass
class Cast:
    """Everybody and everything of one world."""

    companies: list[Company] = field(default_factory=list)
    carriers: list[Carrier] = field(default_factory=list)
    vehicles: list[Vehicle] = field(default_factory=list)
    drivers: list[Driver] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
