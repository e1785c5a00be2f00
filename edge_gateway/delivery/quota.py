"""How far behind a destination may be before its oldest records are given up. Pure.

By bytes: its share of the journal. By age: for how long a record has waited, counted on a clock that is
never set, so that a jump of the machine's clock gives up nothing; a start of the gateway begins to count
anew, which errs on the side of keeping.
"""

from collections import deque
from typing import Final

_MARKS_MAX: Final = 64


class Quota:
    """max_bytes, max_age_ms: 0 is no quota."""

    def __init__(self, max_bytes: int, max_age_ms: int) -> None:
        self._max_bytes = max_bytes
        self._max_age_ms = max_age_ms
        self._marks: deque[tuple[int, int]] = deque()  # (last sequence, when it was seen first)

    def through(self, cursor: int, last: int, depth: int, record_bytes: float, now_ms: int) -> int:
        """The sequence up to which records are to be given up; `cursor` when the quota is kept.

        depth: records not confirmed; record_bytes: what each of them costs.
        """
        return max(cursor, self._by_bytes(cursor, depth, record_bytes), self._by_age(cursor, last, now_ms))

    def _by_bytes(self, cursor: int, depth: int, record_bytes: float) -> int:
        excess = depth * record_bytes - self._max_bytes
        if not self._max_bytes or excess <= 0:
            return cursor
        return cursor + max(1, int(excess / record_bytes))

    def _by_age(self, cursor: int, last: int, now_ms: int) -> int:
        if not self._max_age_ms:
            return cursor
        while self._marks and self._marks[0][0] <= cursor:
            self._marks.popleft()
        newest_ms = self._marks[-1][1] if self._marks else -self._max_age_ms
        is_new = last > (self._marks[-1][0] if self._marks else cursor)
        # A mark stands for all that was committed since the one before: they wait a sixty-fourth longer.
        if is_new and now_ms - newest_ms >= self._max_age_ms // _MARKS_MAX:
            self._marks.append((last, now_ms))
        through = cursor
        while self._marks and now_ms - self._marks[0][1] > self._max_age_ms:
            through = self._marks.popleft()[0]
        return through
