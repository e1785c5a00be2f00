"""What one commit will store: the new reports among those submitted, and who waits for them.

Pure: it looks names up in the terminals' rings and changes nothing there; `TerminalBook.apply` does, after
the commit. So a group that could not be written leaves no trace.
"""

import logging
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, cast

from .dedupe import PortableRing
from .origin import Origin
from .packing import pack_group
from .rows import PortableRows, Rows
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
AT_ONCE: Final = 64  # submissions that are collected together
_ORIGIN, _PACKED, _COUNT, _RELEASE = itemgetter(0), itemgetter(2), itemgetter(3), itemgetter(4)
_LIMITS: Final = (GROUP_RECORDS, GROUP_BYTES, GROUP_ORIGINS)


def tell(submissions: list[Submission], outcome: int) -> None:
    """Tells those who wait for these submissions what became of them. A release that has a method
    `many(submissions, outcome)` is told of a whole run of its own at once."""
    for release, run in groupby(submissions, _RELEASE):
        many = getattr(release, "many", None)
        try:
            if many is not None:
                many(list(run), outcome)
                continue
        except Exception:
            _log.exception("what a commit released could not be told")
            continue
        for submission in run:
            try:
                release(submission[5], outcome)
            except Exception:  # a bug with one connection; the others wait for their answers
                _log.exception("what a commit released could not be told")


def collect_portable(  # noqa: PLR0917 - the twin in C takes what it takes apart
    rows: Rows,
    submissions: list[Submission],
    at: int,
    indexes: dict[Origin, int],
    states: list[TerminalState],
    known: dict[str, TerminalState],
    duplicates: Counter[int],
    waiting: list[Submission],
    safe: list[Submission],
    limits: tuple[int, int, int],
) -> int:
    """Takes submissions from `at` on into the rows, until they are a group or one is of a terminal that is
    not `known`; gives where it stopped. waiting: those that depend on this group's commit, because something
    of them is new or repeats what is new here; the others are `safe`. limits: records, bytes of bodies and
    origins of a group."""
    records, body_bytes, origins = limits
    while (
        at < len(submissions)
        and rows.count < records
        and rows.body_bytes < body_bytes
        and len(states) < origins
    ):
        submission = submissions[at]
        origin, received_ms, packed, _, _, _ = submission
        index = indexes.get(origin)
        if index is None:
            state = known.get(origin.identity)
            if state is None:
                break
            index = indexes[origin] = len(states)
            states.append(state)
        fresh, again, repeated = rows.add(index, received_ms, packed, origin.named, states[index].recent)
        if again or repeated:
            duplicates[index] += again + repeated
        (waiting if fresh or again else safe).append(submission)
        at += 1
    return at


def collect_in_runs(  # noqa: PLR0917 - as above
    rows: PortableRows,
    submissions: list[Submission],
    at: int,
    indexes: dict[Origin, int],
    states: list[TerminalState],
    known: dict[str, TerminalState],
    duplicates: Counter[int],
    waiting: list[Submission],
    safe: list[Submission],
    limits: tuple[int, int, int],
) -> int:
    """The same, and less work for each: many submissions at a time, as long as they do not fill the group,
    all in them is new, and their terminals are known. What is not so goes the way above."""
    while at < len(submissions):
        some = submissions[at : at + AT_ONCE]
        if _take_new(rows, some, indexes, states, known, limits):
            waiting += [submission for submission in some if submission[3]]
            safe += [submission for submission in some if not submission[3]]
            at += len(some)
            continue
        stopped = collect_portable(
            cast(Rows, rows), some, 0, indexes, states, known, duplicates, waiting, safe, limits
        )
        at += stopped
        if stopped < len(some):
            break
    return at


def _take_new(  # noqa: PLR0917 - as above
    rows: PortableRows,
    some: list[Submission],
    indexes: dict[Origin, int],
    states: list[TerminalState],
    known: dict[str, TerminalState],
    limits: tuple[int, int, int],
) -> bool:
    """Takes all of them in, or changes nothing but that their terminals have an index, and gives False."""
    records, body_bytes, origins = limits
    if (
        rows.count + sum(map(_COUNT, some)) >= records
        or rows.body_bytes + sum(map(len, map(_PACKED, some))) >= body_bytes
        or len(states) + len(some) >= origins
    ):
        return False
    found = []
    for origin in map(_ORIGIN, some):
        index = indexes.get(origin)
        if index is None:
            state = known.get(origin.identity)
            if state is None:
                return False
            index = indexes[origin] = len(states)
            states.append(state)
        found.append(index)
    # Where the rows are portable, so are the rings.
    rings = cast(list[PortableRing], [states[index].recent for index in found])
    return rows.add_new(some, found, rings)


# CPython may have a twin in C. ImportError: it was not built, or DIANYUN_PURE is set.
try:
    from .._hotpath import collect
except ImportError:
    collect = collect_in_runs  # type: ignore


class Group:
    """Collects submissions. `count`: of the new records."""

    def __init__(self, book: TerminalBook) -> None:
        self._rows = Rows()
        self._book = book
        self._indexes: dict[Origin, int] = {}
        self._states: list[TerminalState] = []
        self._duplicates: Counter[int] = Counter()
        self._waiting: list[Submission] = []
        self._safe: list[Submission] = []  # those that only repeat what older groups hold

    @property
    def count(self) -> int:
        """How many records are new."""
        return self._rows.count

    def add(self, submissions: list[Submission], at: int = 0) -> int:
        """Takes submissions in from `at` on, until the group is closed; gives where it stopped."""
        book, states = self._book, self._states
        while True:
            at = collect(
                self._rows,
                submissions,
                at,
                self._indexes,
                states,
                book.states,
                self._duplicates,
                self._waiting,
                self._safe,
                _LIMITS,
            )
            if at == len(submissions) or self.closed:
                return at
            book.state(submissions[at][0].identity)  # a new terminal

    @property
    def closed(self) -> bool:
        """Whether what comes belongs to the next group."""
        rows = self._rows
        return (
            rows.count >= GROUP_RECORDS
            or rows.body_bytes >= GROUP_BYTES
            or len(self._states) >= GROUP_ORIGINS
        )

    def __bool__(self) -> bool:
        return bool(self._waiting or self._safe)

    def pack(self) -> tuple[bytes, bytes]:
        """The contents blob and the records blob."""
        counts = self._rows.counts(len(self._states))
        return pack_group([origin.packed for origin in self._indexes], counts, self._rows)

    def apply(self, first_sequence: int) -> None:
        """After the commit: the terminals' rings and totals learn what is now on the disk."""
        self._book.settle(self._rows, self._states, self._duplicates, first_sequence)

    def repeats(self) -> int:
        """How many reports were recognised as resends."""
        return self._duplicates.total()

    def tell(self, outcome: int) -> None:
        """Tells everybody that the commit ended with `outcome`.

        A submission that only repeats what older groups hold is safe whatever became of this one.
        """
        tell(self._safe, STORED)
        tell(self._waiting, outcome)
