"""A document as it arrived: from whom, when, under which reference, and what the checks found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.freight.documents import Kind


@dataclass(frozen=True, slots=True)
class Upload:
    """enterprise: its exchange code. received_s: arrival (Unix time), which decides the period. reference:
    the message's own number, unique. faults: "field: code" of each fault, None when it was not checked yet.
    """

    kind: Kind
    enterprise: str
    received_s: int
    reference: str
    document: Mapping[str, Any]
    faults: tuple[str, ...] | None = None
