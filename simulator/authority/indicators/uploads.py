"""A document as it arrived: from whom, when, under which reference, and what the checks found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.freight.documents import Kind


@dataclass(frozen=True, slots=True)
class Upload:
    """enterprise: its exchange code. received_s: arrival (Unix time), which decides the period. reference:
    the message's own number, unique. faults: "field: code" of each fault, None when it was not checked yet.
    revision: of documents of one label the highest counts, of equal ones the last that arrived. label: of a
    location document; its reference when empty. The other kinds name themselves.
    """

    kind: Kind
    enterprise: str
    received_s: int
    reference: str
    document: Mapping[str, Any]
    faults: tuple[str, ...] | None = None
    revision: int = 0
    label: str = ""
