"""Which records are read next: those of now before those of a backlog, and none twice. Pure.

The live lane reads the journal's tail. When it is late and further behind than a window can hold, it leaves
what is there as a gap and goes on at the end; the backlog lane fills the gaps, oldest first. Both give
sequences, the window's spans account for them: whatever the order, the cursor passes only what is confirmed.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from .spans import Span, Spans

GAPS_MAX: Final = 64  # an overloaded line falls behind again and again; then at last it is served in order


class Plan:
    """`live_after` is what the live lane reads behind; `backlog` the gap that is to be filled next.

    cursor, ahead: what is confirmed. jump_at: records behind the end at which the live lane jumps.
    """

    def __init__(self, cursor: int, ahead: Iterable[Span], jump_at: int) -> None:
        done = Spans(ahead)
        self._gaps: deque[Span] = deque(done.gaps(cursor))
        self.live_after = max([cursor, *(last for _, last in done)])
        self.jump_at = jump_at
        self.jumps = 0

    @property
    def backlog(self) -> Span | None:
        """(read after, through) of the oldest gap; None when there is none."""
        if not self._gaps:
            return None
        first, last = self._gaps[0]
        return first - 1, last

    @property
    def backlog_records(self) -> int:
        """How many records wait in the gaps."""
        return sum(last - first + 1 for first, last in self._gaps)

    def jump(self, last_sequence: int) -> bool:
        """Lets the live lane go on at the end of the journal when it is too far behind it."""
        if last_sequence - self.live_after < self.jump_at or len(self._gaps) >= GAPS_MAX:
            return False
        self._gaps.append((self.live_after + 1, last_sequence))
        self.live_after = last_sequence
        self.jumps += 1
        return True

    def took_live(self, through: int) -> None:
        """The live lane has read up to `through`."""
        self.live_after = max(self.live_after, through)

    def took_backlog(self, through: int) -> None:
        """The oldest gap is read up to `through`."""
        _, last = self._gaps.popleft()
        if through < last:
            self._gaps.appendleft((through + 1, last))

    def give_up(self, through: int) -> int:
        """Forgets what is not read up to `through`; gives how many records that are."""
        given_up = 0
        kept: deque[Span] = deque()
        for first, last in self._gaps:
            given_up += max(0, min(last, through) - first + 1)
            if last > through:
                kept.append((max(first, through + 1), last))
        self._gaps = kept
        given_up += max(0, through - self.live_after)
        self.live_after = max(self.live_after, through)
        return given_up
