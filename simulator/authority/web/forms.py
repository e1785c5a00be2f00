"""Bodies of the API: what may be in them, checked by pydantic; unknown members are refused by name."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from protocols.driver_code.content import Holder
from protocols.freight.certificates import Certificate, Paper, Status
from protocols.freight.consent import Purpose
from protocols.freight.registers import Register

from ..codes import Application, Severity

Text = Annotated[str, Field(min_length=1, max_length=128)]
Line = Annotated[str, Field(max_length=128)]
Day = Annotated[str, Field(pattern=r"^[0-9]{8}$")]
Second = Annotated[int, Field(ge=0, lt=2**40)]


class Form(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid")


class Login(Form):
    """scopes: fewer than the account has, or empty for all."""

    account: Text
    secret: Annotated[str, Field(min_length=1, max_length=200)]
    scopes: Annotated[list[str], Field(max_length=20)] = []


class PaperForm(Form):
    """A certificate; see `protocols.freight.certificates.Certificate`."""

    paper: Paper
    number: Text
    holder: Text
    holder_id: Text
    valid_from: Day
    valid_to: Day
    issuer: Line = ""
    plate: Line = ""
    plate_colour: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    classes: Annotated[list[str], Field(max_length=8)] = []
    scope: Annotated[list[str], Field(max_length=20)] = []
    status: Status = Status.VALID

    def certificate(self) -> Certificate:
        """Raises ValueError, naming the field."""
        values: dict[str, Any] = self.model_dump()
        return Certificate(**values | {"classes": tuple(self.classes), "scope": frozenset(self.scope)})


class ApplicationForm(Form):
    """An application for a driver code; see `simulator.authority.codes.Application`."""

    holder: Annotated[str, Field(pattern=r"^(driver|enterprise|platform)$")]
    identity: Text
    name: Text
    papers: Annotated[list[PaperForm], Field(max_length=20)]
    plate: Line = ""
    plate_colour: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    carrier_id: Line = ""
    light: bool = False

    def application(self) -> Application:
        """Raises ValueError, naming the field."""
        return Application(
            Holder[self.holder.upper()],
            self.identity,
            self.name,
            tuple(each.certificate() for each in self.papers),
            self.plate,
            self.plate_colour,
            self.carrier_id,
            self.light,
        )


class CodeForm(Form):
    """text: as scanned, with or without the proof of presence behind it."""

    text: Annotated[str, Field(min_length=1, max_length=400)]


class ViolationForm(Form):
    """identity: of the driver, or code: of the holder's key in hexadecimal. handled: it is settled now."""

    number: Text
    severity: Severity
    words: Text
    at_s: Second | None = None
    identity: Line = ""
    holder: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""


class VehicleForm(Form):
    """tonnage, gross: hundredths of a tonne."""

    plate: Text
    colour: Annotated[str, Field(pattern=r"^[0-9]{1,2}$")]
    company_id: Text
    vehicle_type: Text
    tonnage: Annotated[int, Field(ge=0, lt=10**6)]
    gross: Annotated[int, Field(ge=0, lt=10**6)]
    dangerous: bool = False
    classes: Annotated[list[str], Field(max_length=8)] = []
    annual_check_until: Annotated[str, Field(pattern=r"^([0-9]{8})?$")] = ""


class DriverForm(Form):
    """A driver's record."""

    identity: Text
    name: Text
    company_id: Line = ""
    telephone: Line = ""


class CompanyForm(Form):
    """enterprise: code of the operator that it carries for."""

    company_id: Text
    name: Text
    enterprise: Line = ""


class TerminalForm(Form):
    """vehicle: plate and colour, `云A12345/2`."""

    phone: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,19}$")]
    vehicle: Text
    gateway: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""


class BlacklistForm(Form):
    """words: why, for people."""

    register_: Annotated[Register, Field(alias="register")]
    subject: Text
    words: Text


class RouteForm(Form):
    """points: (latitude, longitude) in micro-degrees."""

    vehicle: Text
    points: Annotated[list[tuple[int, int]], Field(min_length=2, max_length=500)]
    width_m: Annotated[int, Field(gt=0, le=100_000)]
    from_s: Second
    until_s: Second


class StatusForm(Form):
    """What becomes of a paper."""

    status: Status


class LicenceForm(Form):
    """An electronic licence: the certificate that it shows, and the day of issue."""

    certificate: PaperForm
    issue_date: Day


class ConsentForm(Form):
    """identity: whose consent; a driver's account gives its own."""

    data_class: Text
    purpose: Purpose
    until_s: Second
    from_s: Second | None = None
    separate: bool = False
    identity: Line = ""


class PersonForm(Form):
    """Identity numbers stand in bodies, never in addresses: those end in logs."""

    identity: Text


class RoadsideForm(Form):
    """By plate and colour, or by a code."""

    purpose: Purpose = Purpose.MONITORING
    plate: Line = ""
    colour: Annotated[str, Field(pattern=r"^[0-9]{0,2}$")] = ""
    code: Annotated[str, Field(max_length=400)] = ""
