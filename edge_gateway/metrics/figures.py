"""The gateway's figures as Prometheus families. Names end in their unit; counters count since the start."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ..status import named_destinations
from . import freight
from .sample import Sample
from .snapshot import Snapshot

PREFIX: Final = "edge_gateway_"
# Counters of sessions and server, by how their names begin: (family, label, what it is).
_COUNTED: Final = (
    ("edition_", "frames_by_edition", "edition", "Frames of authenticated terminals by edition"),
    ("frames_", "frames", "message_id", "Frames of terminals by message id"),
    ("rejected_", "rejected_frames", "cause", "Bytes that were no frame"),
    ("forgiven_", "forgiven_frames", "cause", "Frames that a profile forgave a fault"),
    ("refused_", "refused", "cause", "Messages answered with a failure, connections and others refused"),
    ("closed: ", "closed_connections", "reason", "Connections that the gateway ended"),
)
_PLAIN: Final = {
    "serial_gaps": "Times that a terminal's message serials left some out: frames lost on the way to us",
    "serials_missed": "Message serials that were left out",
}
_JOURNAL: Final = {
    "journalled": ("records_total", "Records ever journalled"),
    "queued": ("queued_records", "Records not confirmed yet"),
    "waiting": ("waiting_records", "Records waiting for their commit"),
    "duplicates": ("duplicates_total", "Resends that were recognised"),
    "rejected": ("rejected_records_total", "Records the monitoring system refused"),
    "damaged": ("damaged_records_total", "Records set aside because their bytes are damaged"),
    "refused_full": ("refused_full_total", "Records refused because the journal is full"),
    "failed_commits": ("failed_commits_total", "Commits that failed"),
    "groups": ("commits_total", "Commits of records"),
    "used_bytes": ("used_bytes", "Content of the journal's file"),
}
_LEVELS: Final = {
    "connected": ("connected", "1 while the broker is reached"),
    "in_flight": ("in_flight_batches", "Batches on the way"),
    "depth": ("depth_records", "Records not confirmed"),
    "depth_bytes": ("depth_bytes", "What they take in the journal, about"),
    "ahead": ("ahead_records", "Records confirmed before older ones"),
    "backlog": ("backlog_records", "Records left for when there is time"),
    "oldest_age_ms": ("oldest_age_seconds", "Since the oldest record on its way was received"),
}


class Figures(Collector):
    """`snapshots`: what the page is made of, to be set before each. With several processes each sample says
    whose it is: a counter that begins anew with its worker is no counter once it is added to others."""

    def __init__(self) -> None:
        self.snapshots: Sequence[Snapshot] = ()

    def collect(self) -> Iterator[Metric]:
        """All families, one moment."""
        families: dict[str, Metric] = {}
        for snapshot in self.snapshots:
            for family in _families(snapshot):
                if snapshot.worker:
                    family.samples = [
                        each._replace(labels={**each.labels, "worker": snapshot.worker})
                        for each in family.samples
                    ]
                held = families.setdefault(family.name, family)
                if held is not family:
                    held.samples += family.samples
        yield from families.values()


def _families(snapshot: Snapshot) -> Iterator[Metric]:
    """Of one process; who serves no terminals has no figures of them."""
    stats = snapshot.stats
    if "server" in stats:
        yield from _server(stats["server"])
        yield from _clocks(snapshot.sample)
        yield HistogramMetricFamily(
            PREFIX + "ack_latency_seconds",
            "From a report's arrival to its answer",
            buckets=snapshot.latency.cumulative(),
            sum_value=snapshot.latency.sum_ms / 1000,
        )
    if "journal" in stats:
        yield from _journal(stats["journal"])
    if stats.get("delivery"):
        yield from _destinations(stats["delivery"])
    if stats.get("commands"):
        yield from _commands(stats["commands"])
    if stats.get("freight"):
        yield from freight.families(stats["freight"])
    for worker in stats.get("workers", ()):
        yield _gauge("worker_up", "1 while the worker serves", worker["up"], worker=str(worker["index"]))
        yield _gauge("worker_starts", "Starts of the worker", worker["starts"], worker=str(worker["index"]))
    yield _gauge("uptime_seconds", "Since the start", stats.get("uptime_s", 0))


def _server(server: Mapping[str, Any]) -> Iterator[Metric]:
    yield _gauge("connections", "Open connections", server.get("connections", 0))
    yield _gauge("terminals_online", "Terminals that are authenticated", server.get("online", 0))
    yield _gauge("terminals_registered", "Terminals in the registry", server.get("registered", 0))
    editions = GaugeMetricFamily(
        PREFIX + "terminals_online_by_edition", "Terminals online", labels=["edition"]
    )
    for edition, count in (server.get("editions") or {}).items():
        editions.add_metric([str(edition)], count)
    yield editions
    left = dict(server.get("counters") or {})
    for start, name, label, documentation in _COUNTED:
        family = CounterMetricFamily(PREFIX + name, documentation, labels=[label])
        for counter in [each for each in left if each.startswith(start)]:
            family.add_metric([counter.removeprefix(start)], left.pop(counter))
        yield family
    for counter, documentation in _PLAIN.items():
        yield CounterMetricFamily(PREFIX + counter, documentation, value=left.pop(counter, 0))
    events = CounterMetricFamily(PREFIX + "events", "Everything else that is counted", labels=["event"])
    for counter, value in left.items():
        events.add_metric([counter], value)
    yield events


def _journal(journal: Mapping[str, Any]) -> Iterator[Metric]:
    for key, (name, documentation) in _JOURNAL.items():
        value = journal.get(key, 0)
        if name.endswith("_total"):
            yield CounterMetricFamily(PREFIX + "journal_" + name, documentation, value=value)
        else:
            yield _gauge("journal_" + name, documentation, value)
    told = journal.get("grouped", 0) + journal.get("duplicates", 0)
    ratio = journal.get("duplicates", 0) / told if told else 0.0
    yield _gauge("resend_ratio", "Share of the reports since the start that were sent before", ratio)


def _destinations(delivery: Mapping[str, Any]) -> Iterator[Metric]:
    """Every destination by its name; the one of [mqtt] has none and is called default."""
    levels = {
        key: GaugeMetricFamily(PREFIX + "destination_" + name, documentation, labels=["destination"])
        for key, (name, documentation) in _LEVELS.items()
    }
    events = CounterMetricFamily(
        PREFIX + "destination_events", "What delivery counts", labels=["destination", "event"]
    )
    for name, figures in named_destinations(delivery).items():
        for key, value in figures.items():
            if key in levels:
                levels[key].add_metric([name], value / 1000 if key.endswith("_ms") else float(value))
            elif isinstance(value, int) and not isinstance(value, bool):
                events.add_metric([name, key], value)
    yield from levels.values()
    yield events


def _commands(commands: Mapping[str, Any]) -> Iterator[Metric]:
    yield _gauge("commands_open", "Commands that are not done", commands["open"])
    family = CounterMetricFamily(PREFIX + "commands", "Commands by what became of them", labels=["event"])
    for name, value in commands["counters"].items():
        family.add_metric([name], value)
    yield family


def _clocks(sample: Sample) -> Iterator[Metric]:
    yield _gauge(
        "clock_skew_median_seconds", "Receive time minus report time, latest reports", sample.median_s
    )
    yield _gauge("clock_skew_worst_seconds", "The largest deviation among them", sample.worst_s)
    yield _gauge("impossible_times", "Reports among them whose time is none", sample.impossible_times)


def _gauge(name: str, documentation: str, value: float, **labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, documentation, labels=list(labels))
    family.add_metric(list(labels.values()), float(value))
    return family
