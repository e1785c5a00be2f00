"""Freight's figures as Prometheus families."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX: Final = "edge_gateway_freight_"
# Counters of desk and trips, by how their names begin: (family, label, what it is).
_COUNTED: Final = (
    ("capacity_", "capacity_verdicts", "answer", "Capacity verifications by their answer"),
    ("code_", "codes_verified", "state", "Driver codes that were looked at, by their state"),
    ("scan_", "scans_refused", "reason", "Scans that gave no order"),
    ("gate_", "gate_decisions", "outcome", "Trips at the gate by what became of them"),
    ("step_", "waybill_steps", "step", "Steps in the lives of waybills"),
    ("document_", "documents_handed_in", "state", "Documents by how they were taken in"),
    ("answer_", "document_answers", "state", "Documents by what the monitoring system said"),
)


def families(stats: Mapping[str, Any]) -> Iterator[Metric]:
    """Of the figures that freight tells."""
    left = dict(stats["counters"])
    for start, name, label, documentation in _COUNTED:
        family = CounterMetricFamily(PREFIX + name, documentation, labels=[label])
        for counter in [each for each in left if each.startswith(start)]:
            family.add_metric([counter.removeprefix(start)], left.pop(counter))
        yield family
    events = CounterMetricFamily(PREFIX + "events", "Everything else that is counted", labels=["event"])
    for counter, value in left.items():
        events.add_metric([counter], value)
    yield events
    documents = GaugeMetricFamily(PREFIX + "documents", "Documents by where they stand", labels=["state"])
    for state, count in stats["documents"].items():
        documents.add_metric([state], count)
    yield documents
    yield GaugeMetricFamily(PREFIX + "errands", "Texts, orders, codes that wait", value=stats["errands"])
    waiting = "Driver codes that wait for a terminal that nobody knows yet"
    yield GaugeMetricFamily(PREFIX + "codes_waiting", waiting, value=stats["codes_waiting"])
    used = "Bytes of the freight file in use; it stands still at freight.max_bytes"
    yield GaugeMetricFamily(PREFIX + "file_bytes", used, value=stats["used_bytes"])
    snapshot = stats["snapshot"] or {"valid_until_s": 0}
    yield GaugeMetricFamily(
        PREFIX + "registers_valid_until_seconds",
        "End of the registers' validity, Unix time; 0 without registers",
        value=snapshot["valid_until_s"],
    )
    if stats["line"]:
        yield GaugeMetricFamily(
            PREFIX + "connected", "1 while the broker is reached", value=int(stats["line"]["connected"])
        )
