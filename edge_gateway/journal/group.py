"""What one commit will store: the new reports among those submitted, and who waits for them.

Pure: it looks names up in the terminals' rings and changes nothing there; `TerminalBook.apply` does, after
the commit. So a group that could not be written leaves no trace.
"""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from .origin import Origin
from .packing import pack_group
from .rows import Rows
from .terminals import TerminalBook, TerminalState

# What a waiting session is told.
STORED: Final = 0  # on the disk, now or since an earlier copy
FULL: Final = 1  # the journal has no room until deliveries are confirmed
FAILED: Final = 2  # the disk refused

GROUP_RECORDS: Final = 8192  # a group is closed at this many; one more submission may be on top
GROUP_BYTES: Final = 4 << 20  # or at so many bytes of bodies
GROUP_ORIGINS: Final = 0x8000  # or at so many who sent something, if only what is known already
_log = logging.getLogger(__name__)

Release = Callable[[Any, int], None]  # called with the ticket, and STORED, FULL or FAILED
# Origin, received_ms (UTC), packed run of reports (see `packed`), how many, release, its ticket.
Submission = tuple[Origin, int, bytes, int, Release, Any]


def tell(submissions: list[Submission], outcome: int) -> None:
    """Tells those who wait for these submissions what became of them."""
    for submission in submissions:
        try:
            submission[4](submission[5], outcome)
        except Exception:  # a bug with one connection; the others wait for their answers
            _log.exception("what a commit released could not be told")


class Group:
    """Collects submissions. `count`: of the new records."""

    def __init__(self, book: TerminalBook) -> None:
        self._rows = Rows()
        self._book = book
        self._indexes: dict[Origin, int] = {}
        self._states: list[TerminalState] = []
        self._duplicates: Counter[int] = Counter()
        self._counts: list[int] = []  # new records of each origin, once packed
        self._waiting: list[Submission] = []
        self._safe: list[Submission] = []  # those that only repeat what older groups hold

    @property
    def count(self) -> int:
        """How many records are new."""
        return self._rows.count

    def add(self, submission: Submission) -> bool:
        """Takes one submission in; gives whether the group is closed now and the next belongs to another."""
        origin, received_ms, packed, _, _, _ = submission
        index = self._indexes.get(origin)
        if index is None:
            index = self._index_of(origin)
        rows = self._rows
        fresh, again, known = rows.add(index, received_ms, packed, origin.named, self._states[index].recent)
        if again or known:
            self._duplicates[index] += again + known
        # It depends on this group's commit when something of it is new, or repeats what is new here.
        (self._waiting if fresh or again else self._safe).append(submission)
        return rows.count >= GROUP_RECORDS or index >= GROUP_ORIGINS - 1 or rows.body_bytes >= GROUP_BYTES

    def __bool__(self) -> bool:
        return bool(self._waiting or self._safe)

    def pack(self) -> tuple[bytes, bytes]:
        """The contents blob and the records blob."""
        self._counts = self._rows.counts(len(self._states))
        return pack_group([origin.packed for origin in self._indexes], self._counts, self._rows)

    def apply(self, first_sequence: int) -> None:
        """After the commit: the terminals' rings and totals learn what is now on the disk."""
        self._rows.apply([state.recent for state in self._states])
        for state, count in zip(self._states, self._counts, strict=False):  # nothing new: nothing was packed
            state.journalled += count
        for index, duplicates in self._duplicates.items():
            self._states[index].duplicates += duplicates
        self._book.touched(self._states, first_sequence)

    def repeats(self) -> int:
        """How many reports were recognised as resends."""
        return self._duplicates.total()

    def tell(self, outcome: int) -> None:
        """Tells everybody that the commit ended with `outcome`.

        A submission that only repeats what older groups hold is safe whatever became of this one.
        """
        tell(self._safe, STORED)
        tell(self._waiting, outcome)

    def _index_of(self, origin: Origin) -> int:
        index = self._indexes[origin] = len(self._states)
        self._states.append(self._book.state(origin.identity))
        return index
