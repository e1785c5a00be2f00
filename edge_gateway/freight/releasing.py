"""What of a document may leave, and for what: the declared fields of its kind, for the purposes it is made
for.

The supervision of freight rests on a statutory duty in our reading (see `protocols.freight.consent`), so the
five documents leave whole for it; what is not declared is dropped and counted. Every other purpose has no
list here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from protocols.freight.consent import Purpose
from protocols.freight.documents import DOCUMENTS, Kind
from protocols.freight.fields import Field
from protocols.freight.release import AllowList, Gate, Released, ReleaseError

CLEAR: Final = "clear"


def gate_of() -> Gate:
    """The gate of the five documents, for monitoring."""
    return Gate(
        tuple(
            AllowList(kind.value, Purpose.MONITORING, {path: CLEAR for path in _paths(layout.fields, "")})
            for kind, layout in DOCUMENTS.items()
        )
    )


def release(gate: Gate, kind: Kind, purpose: Purpose, document: Mapping[str, Any]) -> Released:
    """The document as it may leave. Raises ReleaseError when nothing may leave for this purpose."""
    return gate.release(kind.value, purpose, document)


def _paths(fields: tuple[Field, ...], before: str) -> Iterator[str]:
    for field in fields:
        if field.members:
            yield from _paths(field.members, f"{before}{field.name}.")
        else:
            yield before + field.name


__all__ = ["ReleaseError", "gate_of", "release"]
