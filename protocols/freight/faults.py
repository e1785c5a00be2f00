"""What a check finds: the field, a code, and words for people. Never the value: it may be personal."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FIELD_CHECK_FAILED: Final = 3005  # the platform's result code for any of these


class FaultCode(StrEnum):
    """Why a field is refused. The codes are ours; platforms answer 3005 and a text for all of them."""

    MISSING = "missing"  # required, and absent or empty
    TYPE = "type"  # a list where text is needed, and the like
    LENGTH = "length"
    FORM = "form"  # characters or shape: no date, no number
    TABLE = "table"  # not in its code table
    CONDITION = "condition"  # wrong beside the value of another field
    COUNT = "count"  # too few or too many members


@dataclass(frozen=True, order=True)
class Fault:
    """field: the path, such as vehicleInfo.driver[0].driverName. detail: what was expected."""

    field: str
    code: FaultCode
    detail: str

    def __str__(self) -> str:
        return f"{self.field}: {self.code}: {self.detail}"
