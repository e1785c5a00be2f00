"""What became of the day: the account, the alarms, and what is wrong with either."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..ledger.ledger import Ledger
from .schedule import clock_text
from .truth import Alarm, name_of


@dataclass
class Outcome:
    """wanted, seen: alarms of the scenario and of the reports. differences: between them, in words. figures:
    counted. timeline: what was said while it happened."""

    seed: int
    ledger: Ledger
    wanted: list[Alarm]
    seen: list[Alarm]
    differences: list[str]
    figures: dict[str, Any]
    timeline: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything arrived once and every alarm was told once, at the right place."""
        return self.ledger.total.drained and not self.ledger.rejected and not self.differences

    def as_dict(self) -> dict[str, Any]:
        """Figures, timeline, alarms and what is wrong with them, for JSON."""
        told = [
            {
                "time": clock_text(alarm.second),
                "what": name_of(alarm.what)[0],
                "latitude": alarm.point.latitude,
                "longitude": alarm.point.longitude,
            }
            for alarm in self.seen
        ]
        return {
            "figures": self.figures,
            "timeline": self.timeline,
            "alarms": told,
            "differences": self.differences,
        }
