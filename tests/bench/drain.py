"""How fast a journal that was filled while nobody listened drains, and what that costs reports of now.

`python -m tests.bench.drain [RECORDS]`: fills a journal on disk, opens it anew, starts a broker and the
authority as processes, and delivers while a few reports a second go on coming. Prints one JSON line.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from edge_gateway.delivery.destination import Destination
from edge_gateway.delivery.settings import Settings
from edge_gateway.journal import Journal, Origin
from protocols.monitoring.records import LIVE, Record
from simulator.authority_process import AuthorityProcess
from simulator.broker import Broker
from tests.monitoring.mix import make_mix

from .figures import Figure

DIFFERENT = 20_000  # reports that are made; the others are the same with another alarm word
LIVE_EVERY_S = 0.1


def fill(path: Path, records: int) -> float:
    """Journals so many reports; gives the seconds."""
    mix, started = make_mix(DIFFERENT, 2000), time.perf_counter()
    journal = Journal(path)
    origins = {record.phone: Origin(record.phone, record.edition, record.version) for record in mix}
    for at in range(records):
        turn, record = at // DIFFERENT, mix[at % DIFFERENT]
        while at % 1000 == 0 and journal.stats()["waiting"] > 100_000:
            time.sleep(0.002)
        submit(journal, origins[record.phone], record, turn)
    while journal.last_sequence < records:
        time.sleep(0.01)
    journal.close()
    return time.perf_counter() - started


def submit(journal: Journal, origin: Origin, record: Record, turn: int) -> None:
    """The record with `turn` for its alarm word, received now."""
    body = turn.to_bytes(4, "big") + record.body[4:]
    now_ms = time.time_ns() // 1_000_000
    journal.submit(origin, now_ms, [(record.serial, LIVE, body)], lambda outcome: None)


class News:
    """Journals a report now and then, and notes the sequence and when."""

    def __init__(self, journal: Journal) -> None:
        self.sent: dict[int, float] = {}
        self._journal = journal
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        record = make_mix(1, seed=77)[0]
        origin = Origin(record.phone, record.edition, record.version)
        turn = 0
        while not self._ended.wait(LIVE_EVERY_S):
            turn += 1
            submit(self._journal, origin, record, turn)
            self.sent[turn] = time.monotonic()


def arrivals(database: Path, identity: str, until: threading.Event) -> dict[int, float]:
    """alarm word → when it was first seen in the authority's store."""
    seen: dict[int, float] = {}
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    while not until.wait(0.02):
        now_s = time.monotonic()
        for (alarm,) in connection.execute("SELECT alarm FROM report WHERE identity = ?", (identity,)):
            seen.setdefault(alarm, now_s)
    connection.close()
    return seen


def drain(folder: Path, records: int) -> dict[str, Any]:
    """The figures of one run."""
    filled_s = fill(folder / "journal.db", records)
    opened = time.perf_counter()
    journal = Journal(folder / "journal.db")
    ready_s = time.perf_counter() - opened
    with Broker(folder / "broker") as broker:
        authority = AuthorityProcess(folder, broker.port)
        authority.start()
        settings = Settings("", "bench", "127.0.0.1", broker.port, max_records=1000, max_age_ms=200)
        destination, ended, seen = Destination(settings, journal.destination("")), threading.Event(), {}
        identity = Origin(make_mix(1, seed=77)[0].phone, 2013).identity
        watcher = threading.Thread(target=lambda: seen.update(arrivals(authority.database, identity, ended)))
        watcher.start()
        started = time.perf_counter()
        destination.start()
        news = News(journal)
        while destination.stats()["depth"] > records // 200:
            time.sleep(0.02)
        drained_s = time.perf_counter() - started
        news.end()
        while destination.stats()["depth"]:
            time.sleep(0.02)
        time.sleep(0.1)
        ended.set()
        watcher.join()
        destination.stop()
        authority.stop()
    journal.close()
    stats = destination.stats()
    delays = sorted(seen[turn] - at for turn, at in news.sent.items() if turn in seen)
    figures = Counter(
        records=records,
        filled_per_s=int(records / filled_s),
        drained_per_s=int(records / drained_s),
        resent=stats["resent_batches"],
        live=len(delays),
        live_unseen=len(news.sent) - len(delays),
    )
    return {
        **figures,
        "ready_s": round(ready_s, 2),
        "bytes_a_record": round(stats["sent_bytes"] / stats["sent_records"], 1),
        "live_delay_p50_s": round(delays[len(delays) // 2], 3) if delays else None,
        "live_delay_max_s": round(delays[-1], 3) if delays else None,
    }


def figures(records: int = 200_000) -> list[Figure]:
    """For the table."""
    with tempfile.TemporaryDirectory() as folder:
        found = drain(Path(folder), records)
    name = f"a journal of {records:,} undelivered reports"
    return [
        Figure("drain", f"{name}, opened", found["ready_s"], "s"),
        Figure("drain", f"{name}, delivered", found["drained_per_s"], "reports/s"),
        Figure("drain", "reports of now meanwhile, slowest", found["live_delay_max_s"] or 0.0, "s"),
    ]


def main() -> None:
    """Runs it in a folder that goes away."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(drain(Path(folder), records)))


if __name__ == "__main__":
    main()
