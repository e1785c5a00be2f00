"""What a running gateway tells its watchers: /metrics for Prometheus, /healthz and /readyz for supervisors.

Takes the figures that the parts keep anyway, when it is asked; the road of a report pays for nothing here but
one `Latency.observe` per commit and connection.
"""

from .latency import Latency
from .pages import Health, create_pages
from .sample import Sample, take_sample

__all__ = ["Health", "Latency", "Sample", "create_pages", "take_sample"]
