"""Which records report a safety alarm that has files (T/JSATL 12): items 0x64 to 0x67 of a position. Pure."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from protocols.monitoring.json_form import ProfileOf, read_fields
from protocols.monitoring.records import MESSAGE
from protocols.monitoring.table import RecordTable
from protocols.wire.bcd import identity_of
from protocols.wire.tables import MSG_POSITION_REPORT, POSITION_BYTES

CURSOR: Final = "attachments"  # in the journal: up to where alarms were looked for
_ITEM_BYTES_MIN: Final = (
    32  # the identifier is 16 of them; most reports have no room for one and are not read
)
_ITEMS: Final = frozenset(range(0x64, 0x68))


class Alarm(NamedTuple):
    """identifier: as `read_fields` shows it. sequence: of the record."""

    identity: str
    edition: int
    identifier: dict[str, Any]
    sequence: int


def alarms_in(records: RecordTable, profile_of: ProfileOf) -> Iterator[Alarm]:
    """The alarms whose terminals say that there are files. One may come in several records."""
    long = records.bodies.lengths >= POSITION_BYTES + 2 + _ITEM_BYTES_MIN
    for record in records.take(np.flatnonzero(long & (records.kinds != MESSAGE))):
        if not _has_item(record.body):
            continue
        read = read_fields(MSG_POSITION_REPORT, record.edition, record.body, profile_of(record.phone))
        for item in (read or {}).get("items", ()):
            value = item.get("value")
            identifier = value.get("identifier") if isinstance(value, dict) else None
            if isinstance(identifier, dict) and identifier.get("attachments"):
                yield Alarm(identity_of(record.phone), record.edition, identifier, record.sequence)


def _has_item(body: bytes) -> bool:
    """Whether an item of an alarm is among those behind the basic block."""
    at = POSITION_BYTES
    while at + 2 <= len(body):
        if body[at] in _ITEMS:
            return True
        at += 2 + body[at + 1]
    return False
