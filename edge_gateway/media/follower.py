"""Follows the journal for safety alarms and has their files ordered, once for each: a thread and its cursor.

The cursor moves when an order is on the disk, so an alarm that was acknowledged is not forgotten over a
crash; what is read twice is ordered once, which is the business of whoever takes the order.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from protocols.monitoring.json_form import ProfileOf
from protocols.monitoring.table import RecordTable

from ..journal import Journal, JournalError
from ..log import Throttle
from .alarms import CURSOR, Alarm, alarms_in

RECORDS_MAX: Final = 2000
BYTES_MAX: Final = 1 << 20
AGAIN_S: Final = 2.0  # after something that may be mended by itself
CONFIRM_S: Final = 1.0  # between two moves of the cursor, each of which is a commit
ORDER_S: Final = 60.0
_log = logging.getLogger(__name__)


class AlarmFollower:
    """`start()`, then `stop()` before the journal is closed. order: begins an order; its future is done when
    the order is on the disk or cannot ever be given, and fails when it is to be tried again."""

    def __init__(
        self, journal: Journal, order: Callable[[Alarm], "Future[None]"], profile_of: ProfileOf
    ) -> None:
        self._journal = journal
        self._view = journal.destination(CURSOR)
        self._order = order
        self._profile_of = profile_of
        self._news, self._stopping = threading.Event(), threading.Event()
        self._throttle = Throttle()
        self._thread = threading.Thread(target=self._follow, name="alarms", daemon=True)

    def start(self) -> None:
        """Begins where it ended."""
        self._journal.on_commit(self._news.set)
        self._thread.start()

    def stop(self) -> None:
        """Ends within a moment; what was not looked at is, at the next start."""
        self._stopping.set()
        self._news.set()
        self._thread.join()

    def _follow(self) -> None:
        after, confirmed_s = self._view.confirmed_sequence, 0.0
        while not self._stopping.is_set():
            self._news.clear()
            try:
                records = RecordTable.of(self._view.read_after(after, RECORDS_MAX, BYTES_MAX))
                for alarm in alarms_in(records, self._profile_of):
                    self._order_one(alarm)
                if records:
                    after = int(records.sequences[-1])
                if after > self._view.confirmed_sequence and time.monotonic() >= confirmed_s:
                    self._view.confirm(after)
                    confirmed_s = time.monotonic() + CONFIRM_S
            except _StoppedError:
                return
            except (JournalError, OSError, TimeoutError) as error:
                self._tell(str(error) or "no answer")
                self._stopping.wait(AGAIN_S)
            except Exception:  # a bug with one record: the road of the reports goes on, and so does this
                _log.exception("files of alarms")
                self._stopping.wait(AGAIN_S)
            else:
                if not records:
                    self._news.wait(CONFIRM_S)

    def _order_one(self, alarm: Alarm) -> None:
        future = self._order(alarm)
        end_s = time.monotonic() + ORDER_S
        while not self._stopping.is_set():
            try:
                return future.result(0.2)
            except TimeoutError:
                if future.done() or time.monotonic() > end_s:
                    raise
        raise _StoppedError

    def _tell(self, problem: str) -> None:
        if self._throttle.allows("alarms", problem, time.monotonic()):
            _log.error("files of alarms cannot be ordered now: %s", problem)


class _StoppedError(Exception):
    """It is to end in the middle of an order."""
