"""Six certificates and the insurance policy (六证一单), behind a driver code. Records, no registers.

The names are the scheme's; the record's fields are ours. Days are YYYYMMDD of Beijing, both ends included.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .values import DAY_S, day_start


class Paper(StrEnum):
    """The seven papers."""

    QUALIFICATION = "qualification"  # 从业资格证
    TRANSPORT = "transport"  # 道路运输证
    PERMIT = "permit"  # 道路运输经营许可证
    IDENTITY = "identity"  # 身份证
    DRIVING = "driving"  # 驾驶证
    REGISTRATION = "registration"  # 行驶证
    POLICY = "policy"  # 保单


NAMES: Final = {
    Paper.QUALIFICATION: "从业资格证",
    Paper.TRANSPORT: "道路运输证",
    Paper.PERMIT: "道路运输经营许可证",
    Paper.IDENTITY: "身份证",
    Paper.DRIVING: "驾驶证",
    Paper.REGISTRATION: "行驶证",
    Paper.POLICY: "保单",
}
OF_PERSON: Final = frozenset({Paper.QUALIFICATION, Paper.IDENTITY, Paper.DRIVING})
OF_VEHICLE: Final = frozenset({Paper.TRANSPORT, Paper.REGISTRATION, Paper.POLICY})


class Status(StrEnum):
    """What the register says of a paper, whatever its dates are."""

    VALID = "valid"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Certificate:
    """paper, number; holder, holder_id: a person's name and identity number, a company's name and code.

    valid_from, valid_to: YYYYMMDD. plate, plate_colour: of a vehicle's papers. classes: of a driving licence.
    scope: what a permit or transport certificate allows. Raises ValueError, with the field, for a bad record.
    """

    paper: Paper
    number: str
    holder: str
    holder_id: str
    valid_from: str
    valid_to: str
    issuer: str = ""
    plate: str = ""
    plate_colour: str = ""
    classes: tuple[str, ...] = ()
    scope: frozenset[str] = frozenset()
    status: Status = Status.VALID

    def __post_init__(self) -> None:
        for name in ("number", "holder", "holder_id"):
            if not getattr(self, name):
                raise ValueError(f"{name}: a {self.paper.value} certificate needs it")
        for name in ("valid_from", "valid_to"):
            if day_start(getattr(self, name)) is None:
                raise ValueError(f"{name}: no day of the form YYYYMMDD")
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to: before valid_from")
        if self.paper in OF_VEHICLE and not (self.plate and self.plate_colour):
            raise ValueError(f"plate: a {self.paper.value} certificate needs plate and colour")

    @property
    def starts_s(self) -> int:
        """The first second of its validity (Unix time)."""
        return _seconds(self.valid_from)

    @property
    def ends_s(self) -> int:
        """The first second after it (Unix time): the day valid_to counts whole."""
        return _seconds(self.valid_to) + DAY_S

    def valid_at(self, second: int) -> bool:
        """Whether it stands at this second: by its dates and by the register."""
        return self.status is Status.VALID and self.starts_s <= second < self.ends_s


def _seconds(day: str) -> int:
    start = day_start(day)
    assert start is not None, "checked when the record was made"
    return start
