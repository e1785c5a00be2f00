"""A journal full of reports that nobody took, written by the journal itself; and reports of now beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from edge_gateway.journal import Journal, Origin, pack_reports
from edge_gateway.journal.packed import ITEM
from protocols.monitoring.records import LIVE
from protocols.wire import tables
from simulator.authority.store import Store
from tests.monitoring.mix import make_mix

from .load import BASIC, ITEMS, LoadTerminal

TERMINALS: Final = 2000
A_SUBMISSION: Final = 20  # reports of one terminal, as one read of its socket gives when it catches up
INTERVAL_S: Final = 10
LOOK_EVERY: Final = 100  # submissions, how many wait for their commit
AGE_MS: Final = 3_600_000
WAITING_MAX: Final = 100_000
BEGIN: Final = np.datetime64("2026-01-01T00:00:00")
TIME_AT: Final = ITEM.size + tables.POSITION_BYTES - 6
NEWS_EVERY_S: Final = 0.1
NEWS_PHONE: Final = 13_900_000_000


def fill(path: Path, records: int) -> float:
    """Journals so many reports of TERMINALS terminals, in the order of their times, received an hour ago;
    gives the seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    started, received_ms = time.perf_counter(), time.time_ns() // 1_000_000 - AGE_MS
    journal = Journal(path)
    for number, (origin, packed) in enumerate(_submissions(-(-records // A_SUBMISSION))):
        journal.submit_packed(origin, received_ms, packed, A_SUBMISSION, _ignore, None)
        while not number % LOOK_EVERY and journal.stats()["waiting"] > WAITING_MAX:
            time.sleep(0.002)
    journal.close()
    return time.perf_counter() - started


def _submissions(count: int) -> Iterator[tuple[Origin, bytes]]:
    """Turn by turn all terminals, each time with their next reports: the same places, later times."""
    fleet = []
    for record in make_mix(TERMINALS, TERMINALS):
        run = pack_reports([(record.serial, LIVE, record.body)] * A_SUBMISSION)
        rows = np.frombuffer(run, np.uint8).reshape(A_SUBMISSION, -1).copy()
        fleet.append((Origin(record.phone, record.edition, record.version), rows))
    offsets = np.arange(TERMINALS)[:, None] % INTERVAL_S + INTERVAL_S * np.arange(A_SUBMISSION)
    for number in range(count):
        turn, at = divmod(number, TERMINALS)
        if at == 0:
            moments = BEGIN + INTERVAL_S * A_SUBMISSION * turn + offsets
            times = _time_bcd(moments.ravel()).reshape(TERMINALS, A_SUBMISSION, -1)
        origin, rows = fleet[at]
        rows[:, TIME_AT : TIME_AT + 6] = times[at]
        yield origin, rows.tobytes()


def _time_bcd(moments: np.ndarray) -> np.ndarray:
    """YYMMDDhhmmss as rows of six bytes."""
    day, month = moments.astype("M8[D]"), moments.astype("M8[M]")
    second = (moments - day).astype(np.int64)
    parts = (
        month.astype("M8[Y]").astype(np.int64) - 30,
        month.astype(np.int64) % 12 + 1,
        (day - month.astype("M8[D]")).astype(np.int64) + 1,
        second // 3600,
        second // 60 % 60,
        second % 60,
    )
    numbers = np.stack(parts, axis=1)
    return (numbers // 10 << 4 | numbers % 10).astype(np.uint8)


def _ignore(_ticket: object, _outcome: int) -> None:
    """Nobody waits."""


class News:
    """A terminal that reports now and then, while others see what becomes of it: from when it had a report to
    when that stood in the authority's store."""

    def __init__(self, port: int, store: Store) -> None:
        self.delays_s: list[float] = []
        self._store = store
        self._terminal = LoadTerminal(port, NEWS_PHONE, 1)
        self._terminal.log_in()
        self._waiting: dict[bytes, float] = {}
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._report, self._watch)]
        for thread in self._threads:
            thread.start()

    @property
    def unseen(self) -> int:
        """Reports that did not arrive yet."""
        return len(self._waiting)

    def end(self, patience_s: float = 5.0) -> None:
        """Reports no more, and waits a while for what is on its way."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        limit = time.monotonic() + patience_s
        while self._waiting and time.monotonic() < limit:
            self._look()
            time.sleep(0.02)

    def _report(self) -> None:
        number = 0
        while not self._ended.wait(NEWS_EVERY_S):
            number += 1
            body = BASIC + _time_bcd(BEGIN + np.array([number]))[0].tobytes() + ITEMS
            self._waiting[body] = time.monotonic()
            self._terminal.exchange(tables.MSG_POSITION_REPORT, body)

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self._look()

    def _look(self) -> None:
        for body, since in list(self._waiting.items()):
            if self._store.holds(f"0{NEWS_PHONE}", body):
                self.delays_s.append(time.monotonic() - since)
                del self._waiting[body]


def wait_until_delivering(port: int, store: Store, patience_s: float = 60.0) -> None:
    """Returns once a report came all the way. Raises RuntimeError when none does."""
    news, limit = News(port, store), time.monotonic() + patience_s
    while not news.delays_s and time.monotonic() < limit:
        time.sleep(0.05)
    news.end()
    if not news.delays_s:
        raise RuntimeError("nothing arrives")
