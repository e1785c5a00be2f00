"""What the journal knows of each terminal: its last reports' names and its totals.

Held in memory, applied after each commit, and saved a few rows at a time: a row is saved once per
UNSAVED_PER_TERMINAL records of its terminal on average, and everything younger is read again from the groups
at start. So neither a commit nor a start ever waits for all terminals.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final

from .dedupe import RecentIds

if TYPE_CHECKING:
    from .rows import Rows

UNSAVED_PER_TERMINAL: Final = 64  # records; 2 KB of ring saved per 64 records adds 32 bytes to each
UNSAVED_MIN: Final = 2000  # records read again at start however few terminals there are
SAVED_AT_ONCE: Final = 16  # rows a commit saves at least once saving is due

StateRow = tuple[str, int, int, int, int, bytes]  # identity, through, journalled, duplicates, next slot, ids


class PortableState:
    """One terminal: totals of distinct reports journalled and of resends recognised, and the last names."""

    __slots__ = ("duplicates", "identity", "journalled", "recent")

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.journalled = 0
        self.duplicates = 0
        self.recent = RecentIds()


def settle_portable(
    rows: "Rows",
    states: "list[TerminalState]",
    duplicates: Counter[int],
    unsaved: dict[str, int],
    first_sequence: int,
) -> None:
    """What the terminals of a group learn by its commit: the names of their rows, which come first, and how
    many resends were among what they sent, by their numbers in the group. All are `unsaved` since then."""
    rows.apply([state.recent for state in states])
    for state, count in zip(states, rows.counts(len(states)), strict=True):
        state.journalled += count
        unsaved.setdefault(state.identity, first_sequence)
    for index, more in duplicates.items():
        states[index].duplicates += more


# CPython may have twins in C. ImportError: they were not built, or DIANYUN_PURE is set.
try:
    from .._hotpath import TerminalState, settle
except ImportError:
    TerminalState, settle = PortableState, settle_portable  # type: ignore


class TerminalBook:
    """All terminals the journal ever heard of, `states` by identity. Used by the writer thread alone."""

    def __init__(self) -> None:
        self.states: dict[str, TerminalState] = {}
        self._through: dict[str, int] = {}  # only while loading: what each row already contains
        # identity → first sequence its saved row does not contain; oldest first, by insertion order
        self._unsaved: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.states)

    def state(self, identity: str) -> TerminalState:
        """The terminal's state, made when it is new."""
        state = self.states.get(identity)
        if state is None:
            state = self.states[identity] = TerminalState(identity)
        return state

    def settle(
        self, rows: "Rows", states: list[TerminalState], duplicates: Counter[int], first_sequence: int
    ) -> None:
        """After the commit of a group that begins at `first_sequence`: see `settle_portable`."""
        settle(rows, states, duplicates, self._unsaved, first_sequence)

    def load(self, rows: Iterable[StateRow]) -> None:
        """Takes the saved rows in, at start."""
        for identity, through, journalled, duplicates, next_slot, ids in rows:
            state = self.states[identity] = TerminalState(identity)
            state.journalled, state.duplicates = journalled, duplicates
            state.recent = RecentIds(ids, next_slot)
            self._through[identity] = through

    def replay(self, sequence: int, identity: str, received_ms: int, prefix: bytes) -> None:
        """Takes one kept record in, at start, unless the saved row contains it."""
        if sequence > self._through.get(identity, 0):
            state = self.state(identity)
            state.recent.add(prefix, received_ms)
            state.journalled += 1
            self._unsaved.setdefault(identity, sequence)

    def loaded(self) -> None:
        """Ends the loading."""
        self._through.clear()

    def saved_through(self, last_sequence: int, skip: int = 0) -> int:
        """The last sequence up to which saved rows contain every record, once `skip` more are saved."""
        oldest = next(islice(self._unsaved.values(), skip, None), last_sequence + 1)
        return min(oldest - 1, last_sequence)

    def due(self, last_sequence: int, pressing: bool) -> int:
        """How many rows the next commit should save; `pressing`: room is wanted."""
        unsaved_records = last_sequence - self.saved_through(last_sequence)
        if pressing:
            return min(len(self._unsaved), 64 * SAVED_AT_ONCE)
        excess = unsaved_records - max(UNSAVED_MIN, UNSAVED_PER_TERMINAL * len(self.states))
        return min(len(self._unsaved), SAVED_AT_ONCE + excess // 16) if excess > 0 else 0

    def rows_to_save(self, count: int, last_sequence: int) -> list[StateRow]:
        """The rows of the `count` terminals that wait longest, as of `last_sequence`."""
        rows = []
        for identity in islice(self._unsaved, count):
            state = self.states[identity]
            ids, next_slot = state.recent.pack()
            rows.append((identity, last_sequence, state.journalled, state.duplicates, next_slot, ids))
        return rows

    def saved(self, rows: Iterable[StateRow]) -> None:
        """After the commit that holds these rows."""
        for identity, *_ in rows:
            del self._unsaved[identity]
