"""What a running gateway tells its watchers: /metrics for Prometheus, /healthz and /readyz for supervisors.

Takes the figures that the parts keep anyway, when it is asked; the road of a report pays for nothing here but
one `Latency.observe` per commit and connection.
"""

from .latency import Latency
from .pages import Health, create_pages
from .readiness import hindrances, machine_hindrances
from .sample import Sample, take_sample
from .snapshot import Snapshot

__all__ = [
    "Health",
    "Latency",
    "Sample",
    "Snapshot",
    "create_pages",
    "hindrances",
    "machine_hindrances",
    "take_sample",
]
