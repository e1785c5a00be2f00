"""What the API takes and gives, as pydantic models: the OpenAPI document is made of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

Identity = Annotated[
    str, Field(pattern=r"^[0-9]{1,20}$", description="phone digits; leading zeros do not count")
]


SQLITE_MAX = 2**63 - 1
Number = Annotated[int, Path(ge=1, le=SQLITE_MAX)]  # names a row
From = Annotated[int, Query(ge=0, le=SQLITE_MAX)]  # where a page begins


class Asked(BaseModel):
    """A request's body: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class CommandAsked(Asked):
    """A downlink message for one terminal."""

    terminal: Identity
    message: str | int = Field(description="name or id, as /messages lists them", examples=["TextMessage"])
    body: dict[str, Any] = Field(
        default_factory=dict,
        description='fields by name, or {"hex": "…"}',
        examples=[{"flag": ["display"], "text": "前方拥堵"}],
    )
    not_after: datetime | None = Field(default=None, description="absolute end, with a time zone")
    file: str = Field(default="", description="SHA-256 of an uploaded file, for UpgradePackage")


class FilesAsked(Asked):
    """The files of a safety alarm (T/JSATL 12), to be sent to our attachment server."""

    terminal: Identity
    identifier: dict[str, Any] = Field(
        description="of the alarm, as its item of the position report holds it",
        examples=[{"terminal_id": "T000001", "time_bcd": "260302100000", "sequence": 0, "attachments": 1}],
    )
    not_after: datetime | None = Field(default=None, description="absolute end, with a time zone")


class Answer(BaseModel):
    """The message's own answer."""

    message: str
    message_id: str
    edition: int
    body: dict[str, Any]
    hex: str


class Command(BaseModel):
    """A command and where it stands."""

    id: int
    terminal: str
    message: str
    message_id: str
    body: dict[str, Any]
    file: str | None
    state: Literal["queued", "sent", "acknowledged", "answered", "refused", "expired", "cancelled", "failed"]
    done: bool = Field(description="whether nothing more will happen to it")
    asked_by: str
    idempotency_key: str | None
    rollout: int | None
    created_at: datetime
    changed_at: datetime
    not_after: datetime
    attempts: int
    result: str | None = Field(description="of the terminal's 0x0001: ok, failed, bad message, not supported")
    error: str | None
    answer: Answer | None


class FilesOrdered(BaseModel):
    """An order of files: under which number they come, and the command that asks for them."""

    alarm: str = Field(description="`alarm` of the entries in /media")
    command: Command


class Commands(BaseModel):
    """A page, youngest first."""

    items: list[Command]
    next_before: int | None = Field(description="give it as `before` for the next page")


class RolloutAsked(Asked):
    """An upgrade of many terminals, ring by ring."""

    terminals: list[Identity] = Field(default_factory=list, max_length=20_000)
    group: str = Field(default="", description="instead of terminals: every approved one of this group")
    body: dict[str, Any] = Field(description="the UpgradePackage without its package")
    file: str = Field(description="SHA-256 of an uploaded file")
    rings: list[Annotated[float, Field(allow_inf_nan=False)]] = Field(
        default=[1, 0.1], description="numbers of terminals or shares below 1; all of them follow"
    )
    max_failures: int = Field(default=0, ge=0)
    not_after: datetime
    wants_result: bool = Field(default=True, description="done with the 0x0108 after the restart")


class Rollout(BaseModel):
    """Where a roll-out stands."""

    id: int
    state: Literal["running", "stopped", "finished"]
    reason: str
    ring: int
    rings: list[int]
    terminals: int
    asked: int
    well: int
    failed: dict[str, str]
    max_failures: int


class RolloutListed(BaseModel):
    """One of many."""

    id: int
    state: Literal["running", "stopped", "finished"]
    reason: str
    ring: int
    terminals: int
    asked_by: str
    created_at: str


class Rollouts(BaseModel):
    """A page, youngest first."""

    items: list[RolloutListed]
    next_before: int | None = Field(description="give it as `before` for the next page")


class TerminalAsked(Asked):
    """What the fleet company says of a terminal."""

    status: Literal["approved", "pending", "blocked"] = "approved"
    group: str = Field(default="", max_length=200)
    note: str = Field(default="", max_length=200)


class Terminal(BaseModel):
    """One terminal of the registry."""

    identity: str
    status: Literal["approved", "pending", "blocked"]
    group: str
    note: str
    edition: int
    maker: str
    model: str
    terminal_id: str
    plate_colour: int | Literal[""]
    plate: str
    online: bool
    authenticated_before: bool
    codes: int = Field(description="codes that are good")


class Terminals(BaseModel):
    """A page, by identity."""

    items: list[Terminal]
    next_after: str | None


class RowProblem(BaseModel):
    """What is wrong with one row of a CSV file; the head is row 1."""

    row: int
    column: str
    detail: str


class Imported(BaseModel):
    """What became of a CSV file."""

    taken: int
    refused: int
    errors: list[RowProblem]


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = []
