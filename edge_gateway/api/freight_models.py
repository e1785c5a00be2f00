"""What freight's routes take and give, as pydantic models."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from protocols.freight.documents import Kind
from protocols.monitoring.documents import ENTERPRISE_PATTERN

from .models import Asked

Enterprise = Annotated[
    str,
    Field(max_length=35, pattern=f"^({ENTERPRISE_PATTERN})?$",
          description="exchange code of the operator; empty: the one whose gateway this is"),
]  # fmt: skip
VehicleName = Annotated[
    str,
    Field(
        max_length=40, pattern=r"^[^/]{1,35}/[0-9]{1,2}$", examples=["云A12345/2"], description="plate/colour"
    ),
]


class CapacityAsked(Asked):
    """Who is to carry what."""

    vehicle: VehicleName
    driver: str = Field(max_length=18, description="identity number", examples=["530102198001011235"])
    company: str = Field(default="", max_length=50, description="of the carrier; empty: that of the vehicle")
    cargo: str = Field(default="", max_length=4, description="code of the cargo table; empty: not known")
    weight_kg: int | None = Field(default=None, ge=0, le=10_000_000)
    dangerous: bool = False


class Reason(BaseModel):
    """One reason."""

    code: str
    subject: str = Field(
        description="company, vehicle, driver, cargo or route_sheet, with the paper behind a dot"
    )
    words: str


class Capacity(BaseModel):
    """The answer; notes stand among the reasons of a yes too."""

    answer: Literal["yes", "no", "unverified"]
    snapshot: int | None = Field(description="sequence of the registers that were asked")
    reasons: list[Reason]


class CodeAsked(Asked):
    """A code as scanned: its text, or a picture."""

    text: str = Field(default="", max_length=400)
    picture: str = Field(default="", max_length=1_000_000, description="PNG or JPEG in base64")


class CodeVerified(BaseModel):
    """What it is worth."""

    state: str
    accepted: bool
    reason: str
    presence: str
    colour: str | None
    colour_from: str
    holder: str | None = None
    name: str | None = Field(default=None, description="masked")
    plate: str | None = None
    plate_colour: int | None = None
    classes: list[str] = []
    issued_s: int | None = None
    valid_until_s: int | None = None


class OrderAsked(Asked):
    """A waybill before its trip."""

    document: dict[str, Any] = Field(description="WLHY_YD1001 without what only the trip tells")
    dangerous: bool = False
    route_sheet: dict[str, Any] | None = Field(default=None, description="of dangerous goods (电子路单)")
    enterprise: Enterprise = ""


class DispatchAsked(CodeAsked):
    """A scan and its order; vehicle and driver may be left to the code."""

    order: OrderAsked


class Waybill(BaseModel):
    """A waybill and where it stands."""

    id: int
    number: str
    serial: str
    state: Literal["created", "dispatched", "loaded", "under_way", "unloaded", "paid", "cancelled"]
    terminal: str
    vehicle: str
    company: str
    enterprise: str
    dangerous: bool
    held: list[Reason] = Field(description="why the gate holds it; empty when it may go")
    set_aside: list[str] = Field(description="reasons that the company set aside")
    loaded_s: int | None
    unloaded_s: int | None


class Dispatched(Waybill):
    """With what was scanned."""

    code: CodeVerified


class WaybillLife(Waybill):
    """With its events."""

    events: list[dict[str, Any]]


class Waybills(BaseModel):
    """A page, youngest first."""

    items: list[Waybill]
    next_before: int | None


class OverrideAsked(Asked):
    """Why the company lets it go."""

    reason: str = Field(min_length=1, max_length=200)


class DocumentAsked(Asked):
    """A document of one of the five kinds."""

    kind: Kind
    document: dict[str, Any]
    enterprise: Enterprise = ""


class CorrectionAsked(Asked):
    """The whole document, corrected."""

    document: dict[str, Any]


class DocumentFault(BaseModel):
    """One field that is wrong: by our check, or by the monitoring system's answer."""

    field: str
    code: str
    detail: str


class Document(BaseModel):
    """A revision of a document and where it stands."""

    id: int
    reference: str
    kind: str
    name: str = Field(description="what it is about; empty for drivers")
    enterprise: str
    revision: int
    purpose: str
    state: Literal["waiting", "sent", "taken", "refused", "faulty", "superseded"]
    faults: list[DocumentFault]
    tries: int
    asked_by: str
    created_ms: int
    changed_ms: int


class DocumentWhole(Document):
    """With its contents."""

    document: dict[str, Any]


class Documents(BaseModel):
    """A page, youngest first."""

    items: list[Document]
    next_before: int | None


class HoursAsked(Asked):
    """Whose hours, from when to when (Unix time)."""

    driver: str = Field(min_length=1, max_length=18, description="identity number")
    from_s: int = Field(ge=0, le=2**40)
    until_s: int = Field(ge=0, le=2**40)


class Hours(BaseModel):
    """By the intervals of the card."""

    driving_s: int
    rest_s: int
    longest_s: int = Field(description="longest stretch without a rest")
    too_long: list[int] = Field(description="when a stretch went beyond the limit")
