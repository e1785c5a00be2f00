"""The figures of one process at one moment: what its pages are made of, and what a worker tells of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .latency import Latency
from .sample import Sample


@dataclass(frozen=True)
class Snapshot:
    """stats: as in the status file. worker: which of several, "" for the only one or the one over them."""

    stats: Mapping[str, Any]
    latency: Latency = field(default_factory=Latency)
    sample: Sample = field(default_factory=Sample)
    worker: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the way from a worker to its supervisor."""
        return {
            "stats": self.stats,
            "latency": [self.latency.counts, self.latency.sum_ms],
            "sample": [self.sample.skew_s, self.sample.impossible_times],
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any], worker: str) -> "Snapshot":
        """What `as_json` gave."""
        latency = Latency()
        latency.counts, latency.sum_ms = said["latency"]
        skew_s, impossible_times = said["sample"]
        return cls(said["stats"], latency, Sample(tuple(skew_s), impossible_times), worker)
