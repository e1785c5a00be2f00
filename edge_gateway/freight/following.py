"""The thread that follows the journals: a run of each in turn, then what is due by the clock.

Every journal has a cursor of its own, so one that is away or damaged holds up no other. What a turn of the
book cannot keep is read again later.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ..commands import StoreError
from ..journal import JournalError
from ..log import Throttle
from ..registry import RegistryError
from . import errands
from .book import Book
from .clock import Now
from .intake import Intake
from .places import Place, place_of
from .sources import Source

RECORDS_MAX: Final = 2000
BYTES_MAX: Final = 1 << 20
TICK_S: Final = 0.25
CONFIRM_S: Final = 0.5  # between two moves of a journal's cursor
CONFIRM_AGAIN_S: Final = 10.0  # what was told to another process may have been lost with it
AGAIN_S: Final = 2.0  # after the book could not be written
_log = logging.getLogger(__name__)


@dataclass
class _Trail:
    """confirmed: what the journal was told last, and when."""

    source: Source
    place: Place
    confirmed: int = 0
    confirmed_s: float = 0.0


class Follower:
    """tick: called every TICK_S; moved: after records were taken. Both in the thread.

    `start()`; `stop()` returns when the thread ended. problem: why it stands still, empty while it moves.
    Raises StoreError when the book cannot be read.
    """

    def __init__(
        self,
        book: Book,
        intake: Intake,
        sources: Sequence[Source],
        *,
        now: Callable[[], Now],
        tick: Callable[[float], None],
        moved: Callable[[], None],
    ) -> None:
        self._intake, self._now, self._tick, self._moved = intake, now, tick, moved
        self.problem = ""
        self._trails = [_Trail(source, place_of(book, source.name)) for source in sources]
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._throttle = Throttle()
        self._thread = threading.Thread(target=self._run, name="freight", daemon=True)

    def start(self) -> None:
        """Begins to follow."""
        for trail in self._trails:
            trail.source.on_commit(self._news.set)
        self._thread.start()

    def stop(self) -> None:
        """What was not taken waits in the journals."""
        self._stopping.set()
        self._news.set()
        if self._thread.ident is not None:
            self._thread.join()

    def cursors(self) -> dict[str, int]:
        """The last record that was taken of each journal, by its name; "" is the only one of a gateway
        without workers."""
        return {trail.source.name: trail.place.cursor for trail in self._trails}

    def _run(self) -> None:
        tick_s = 0.0
        while not self._stopping.is_set():
            try:
                self.problem, moved = self._look()
                if time.monotonic() >= tick_s:
                    tick_s = time.monotonic() + TICK_S
                    self._tick(tick_s)
            except (StoreError, RegistryError, errands.FullError) as error:
                self.problem = str(error)
                self._tell(self.problem)
                self._stopping.wait(AGAIN_S)
                continue
            except Exception:  # a bug: the road of the reports goes on, and so does freight behind it
                self.problem = "see the log"
                _log.exception("freight goes on")
                self._stopping.wait(AGAIN_S)
                continue
            if moved:
                self._moved()
            else:
                self._news.wait(TICK_S)
                self._news.clear()

    def _look(self) -> tuple[str, bool]:
        """One run of each journal: what is wrong with one, and whether there was any."""
        moved, problem = False, ""
        for trail in self._trails:
            try:
                moved |= self._step(trail)
            except JournalError as error:
                problem = str(error)
                self._tell(problem)
        return problem, moved

    def _step(self, trail: _Trail) -> bool:
        source, place = trail.source, trail.place
        last = source.last_sequence
        if 0 < last < place.cursor:  # the journal was set up anew
            place.cursor = 0
        moved = source.read_after(place.cursor, RECORDS_MAX, BYTES_MAX)
        if moved:
            self._intake.take(place, moved, self._now())
        self._confirm(trail, max(last, place.cursor if moved else 0))
        return bool(moved)

    def _confirm(self, trail: _Trail, last: int) -> None:
        cursor, waited_s = trail.place.cursor, time.monotonic() - trail.confirmed_s
        due_s = CONFIRM_S if cursor != trail.confirmed else CONFIRM_AGAIN_S
        if 0 < cursor <= last and waited_s >= due_s:
            trail.source.confirm(cursor)
            trail.confirmed, trail.confirmed_s = cursor, time.monotonic()

    def _tell(self, problem: str) -> None:
        if self._throttle.allows("freight", problem, time.monotonic()):
            _log.error("freight stands still: %s", problem)
