"""What the youngest records of the journal say about the terminals: how wrong their clocks are.

Read beside the road, when somebody asks for figures. Not for the loop: it reads the disk.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from protocols.jt808 import fast
from protocols.jt808.plan import plan_of
from protocols.jt808.present import present_fields
from protocols.monitoring.reading import read_position
from protocols.monitoring.records import LIVE, MESSAGE, Record
from protocols.wire.bcd import identity_of
from protocols.wire.errors import ProtocolError
from protocols.wire.tables import MSG_POSITION_REPORT

LATEST: Final = 500  # records that are looked at for the clocks …
LATEST_FOR_POSITION: Final = 20_000  # … and for the last position of one terminal
LATEST_BYTES: Final = 8 << 20
ROWS: Final = 2000  # records of one reading


class Readable(Protocol):
    """The journal, as far as it is read here."""

    @property
    def last_sequence(self) -> int:
        """The youngest record's."""

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> Sequence[Record]:
        """Records behind a sequence."""


@dataclass(frozen=True)
class Sample:
    """skew_s: per report, receive time minus the terminal's time; live reports only. impossible_times: of
    reports whose time is none."""

    skew_s: tuple[float, ...] = ()
    impossible_times: int = 0

    @property
    def median_s(self) -> float:
        """The middle of the skews; 0 without any."""
        return statistics.median(self.skew_s) if self.skew_s else 0.0

    @property
    def worst_s(self) -> float:
        """The largest deviation from the wall clock, either way."""
        return max((abs(skew) for skew in self.skew_s), default=0.0)


def take_sample(journal: Readable) -> Sample:
    """The clocks of the terminals that reported last."""
    skews, impossible = [], 0
    for record in journal.read_after(max(0, journal.last_sequence - LATEST), LATEST, LATEST_BYTES):
        if record.kind != LIVE:
            continue
        reported_ms = read_position(record.body).reported_ms
        if reported_ms is None:
            impossible += 1
        else:
            skews.append((record.received_ms - reported_ms) / 1000)
    return Sample(tuple(skews), impossible)


def last_position(journal: Readable, identity: str) -> dict[str, Any] | None:
    """The terminal's youngest live report among the latest, as JSON; None when there is none."""
    end = journal.last_sequence
    while end > max(0, journal.last_sequence - LATEST_FOR_POSITION):
        begin = max(0, end - ROWS)
        for record in reversed(journal.read_after(begin, end - begin, LATEST_BYTES)):
            if record.kind != MESSAGE and identity_of(record.phone) == identity:
                return _shown(record)
        end = begin
    return None


def _shown(record: Record) -> dict[str, Any]:
    received_at = datetime.fromtimestamp(record.received_ms / 1000, tz=UTC).isoformat()
    shown = {"received_at": received_at, "edition": record.edition, "hex": record.body.hex()}
    try:
        values = fast.decode_body(MSG_POSITION_REPORT, record.edition, record.body)
        plan = plan_of(MSG_POSITION_REPORT, record.edition)
        return shown | {"report": present_fields(plan, values)}
    except ProtocolError as error:
        return shown | {"error": str(error)}
