"""What one commit will store: the new reports among those submitted, and who waits for them.

Pure: it looks names up in the terminals' rings and changes nothing there; `TerminalBook.apply` does, after
the commit. So a group that could not be written leaves no trace.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from .origin import Origin
from .packing import Row, pack_group
from .terminals import TerminalBook, TerminalState

# What a waiting session is told.
STORED: Final = 0  # on the disk, now or since an earlier copy
FULL: Final = 1  # the journal has no room until deliveries are confirmed
FAILED: Final = 2  # the disk refused

GROUP_RECORDS: Final = 8192  # a group is closed at this many; one more submission may be on top
GROUP_ORIGINS: Final = 0x8000  # or at so many who sent something, if only what is known already

Report = tuple[int, int, bytes]  # serial of the frame, kind (protocols.monitoring.records), 0x0200 body
Release = Callable[[int], None]  # called with STORED, FULL or FAILED
Submission = tuple[Origin, int, list[Report], Release]  # origin, received_ms (UTC), reports, release


class Group:
    """Collects submissions. `rows` are the new records in order of arrival."""

    def __init__(self, book: TerminalBook) -> None:
        self.rows: list[Row] = []
        self._book = book
        self._indexes: dict[Origin, int] = {}
        self._states: list[TerminalState] = []
        self._duplicates: Counter[int] = Counter()
        self._seen: set[bytes] = set()
        self._waiting: list[tuple[Release, bool]] = []

    def add(self, origin: Origin, received_ms: int, reports: list[Report], release: Release) -> bool:
        """Takes one submission in; gives whether the group is closed now and the next belongs to another."""
        index = self._index_of(origin)
        recent, seen, name = self._states[index].recent, self._seen, origin.id_prefix
        depends = False  # on this group's commit: something of it is new, or repeats what is new here
        for serial, kind, body in reports:
            prefix = name(body)
            if prefix in seen:
                self._duplicates[index] += 1
                depends = True
            elif prefix in recent:
                self._duplicates[index] += 1
            else:
                seen.add(prefix)
                self.rows.append((index, received_ms, serial, kind, prefix, body))
                depends = True
        self._waiting.append((release, depends))
        return len(self.rows) >= GROUP_RECORDS or len(self._states) >= GROUP_ORIGINS

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def pack(self) -> tuple[bytes, bytes]:
        """The contents blob and the records blob."""
        return pack_group([origin.packed for origin in self._indexes], self.rows)

    def apply(self, first_sequence: int) -> None:
        """After the commit: the terminals' rings and totals learn what is now on the disk."""
        for index, _, _, _, prefix, _ in self.rows:
            state = self._states[index]
            state.recent.add(prefix)
            state.journalled += 1
        for index, state in enumerate(self._states):
            state.duplicates += self._duplicates[index]
            self._book.touched(state, first_sequence)

    def repeats(self) -> int:
        """How many reports were recognised as resends."""
        return self._duplicates.total()

    def outcomes(self, outcome: int) -> list[tuple[Release, int]]:
        """Who is told what when the commit ended with `outcome`.

        A submission that only repeats what older groups hold is safe whatever became of this one.
        """
        return [(release, outcome if depends else STORED) for release, depends in self._waiting]

    def _index_of(self, origin: Origin) -> int:
        index = self._indexes.get(origin)
        if index is None:
            index = self._indexes[origin] = len(self._states)
            self._states.append(self._book.state(origin.identity))
        return index
