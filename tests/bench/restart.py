"""A gateway that starts with a journal nobody took: how soon it is ready, how fast the journal drains through
broker and authority into the authority's store, and how late reports of now are meanwhile.

`python -m tests.bench restart [RECORDS]`. A journal that takes longer is watched for a stretch.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from simulator.authority.store import Store

from .backlog import News, fill
from .figures import Figure
from .processors import process_seconds
from .road import Road

STRETCH_S: Final = 15.0
BEGINS_S: Final = 60.0  # at most until the first records arrive
POLL_S: Final = 0.05


def restart(folder: Path, records: int, stretch_s: float = STRETCH_S) -> dict[str, Any]:
    """The figures of one run."""
    road = Road(folder / "road", [], max_age_ms=200)
    filled_s = fill(folder / "road" / "data" / "journal.db", records)
    with road, road.read_store() as store:
        ready_cpu_s = process_seconds(road.pid)
        first_s = _first_arrival(store)
        news = News(road.port, store)
        drained = _watched(road, store, records, stretch_s)
        news.end()
        all_of_it = store.counts()
    return drained | {
        "records": records,
        "filled_per_s": int(records / filled_s),
        "ready_s": road.ready_s,
        "ready_cpu_s": ready_cpu_s,
        "first_s": first_s,
        "duplicated": all_of_it.duplicated,
        "redelivered": all_of_it.redelivered,
        "live": len(news.delays_s),
        "live_unseen": news.unseen,
        "live_delay_p50_s": statistics.median(news.delays_s),
        "live_delay_max_s": max(news.delays_s),
    }


def _first_arrival(store: Store) -> float:
    """Waits for the first records; gives the seconds."""
    began = time.monotonic()
    while not store.counts().received:
        if time.monotonic() > began + BEGINS_S:
            raise RuntimeError("nothing arrives")
        time.sleep(POLL_S)
    return time.monotonic() - began


def _watched(road: Road, store: Store, records: int, stretch_s: float) -> dict[str, Any]:
    """Until the last record arrives, or for the stretch: rate, and processor time of one."""
    first, before = store.counts().received, {name: process_seconds(pid) for name, pid in road.pids().items()}
    began = time.monotonic()
    while (received := store.counts().received) < records and time.monotonic() < began + stretch_s:
        time.sleep(POLL_S)
    taken_s, count = time.monotonic() - began, received - first
    costs = {
        f"{name}_us": (process_seconds(pid) - before[name]) / count * 1e6 for name, pid in road.pids().items()
    }
    return {"drained": received, "drained_per_s": int(count / taken_s)} | costs


def figures(records: int = 500_000) -> list[Figure]:
    """For the table."""
    with tempfile.TemporaryDirectory() as folder:
        found = restart(Path(folder), records)
    group, what = "restart", f"a journal of {records:,} undelivered reports"
    costs = ", ".join(f"{name} {found[f'{name}_us']:.1f}" for name in ("gateway", "broker", "authority"))
    began = f"{found['ready_cpu_s']:.1f} s of processor time, most of it to load the program"
    kept = f"duplicated {found['duplicated']}, redelivered {found['redelivered']}"
    return [
        Figure(group, f"{what}, gateway ready", found["ready_s"], "s", note=began),
        Figure(group, f"{what}, first delivered after that", found["first_s"], "s"),
        Figure(group, f"{what}, drained", found["drained_per_s"], "reports/s", note=kept),
        Figure(group, "processor time of one, all processes", _total(found), "µs", note=costs),
        Figure(group, "a report of now meanwhile, median", found["live_delay_p50_s"], "s"),
        Figure(group, "a report of now meanwhile, slowest", found["live_delay_max_s"], "s"),
    ]


def _total(found: dict[str, Any]) -> float:
    return float(sum(value for name, value in found.items() if name.endswith("_us")))
