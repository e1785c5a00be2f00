"""Decides when the next batch is due: by count, by bytes, or by the age of its oldest record. Pure.

It holds no records. It counts what the journal committed and what was taken out of it; the commit
cadence (latency of the answer) and the publish cadence (bytes on the line) are separate on purpose.
"""

from collections import deque
from typing import Final

_MARKS_MAX: Final = 16
_BODY_BYTES_GUESS: Final = 64  # until the first batch says better


class Batcher:
    """`journalled()` what is there, ask `due()`, and say `taken()` what became a batch.

    max_records, max_bytes (of bodies), max_age_ms: whichever is reached first closes a batch.
    taken_through: sequence of the last record that needs no batch any more.
    """

    def __init__(self, max_records: int, max_bytes: int, max_age_ms: int, taken_through: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._max_age_ms = max_age_ms
        self._taken_through = taken_through
        self._last = taken_through
        self._body_bytes = _BODY_BYTES_GUESS
        # (last sequence, when first seen): what is behind the one before is at most that old.
        self._marks: deque[tuple[int, int]] = deque()

    @property
    def pending(self) -> int:
        """Records that no batch holds yet."""
        return self._last - self._taken_through

    @property
    def full_at(self) -> int:
        """The sequence whose commit makes the next batch due at once."""
        by_bytes = max(1, self._max_bytes // self._body_bytes)
        return self._taken_through + min(self._max_records, by_bytes)

    def journalled(self, last_sequence: int, now_ms: int) -> None:
        """The journal ends at `last_sequence` now."""
        if last_sequence <= self._last:
            return
        self._last = last_sequence
        if self._marks and self._joins_last_mark(now_ms):
            self._marks[-1] = (last_sequence, self._marks[-1][1])
        else:
            self._marks.append((last_sequence, now_ms))

    def taken(self, through_sequence: int, body_bytes: int) -> None:
        """Everything up to `through_sequence` is in a batch; its bodies have `body_bytes` in all."""
        count = through_sequence - self._taken_through
        if count > 0 and body_bytes > 0:
            self._body_bytes = max(1, body_bytes // count)
        self._taken_through = through_sequence
        self._last = max(self._last, through_sequence)
        while self._marks and self._marks[0][0] <= through_sequence:
            self._marks.popleft()

    def due(self, now_ms: int) -> bool:
        """Whether a batch is to be made now."""
        deadline_ms = self.next_deadline_ms()
        if deadline_ms is None:
            return False
        return self._last >= self.full_at or now_ms >= deadline_ms

    def next_deadline_ms(self) -> int | None:
        """When the oldest pending record reaches its age; None when nothing is pending."""
        return self._marks[0][1] + self._max_age_ms if self._marks else None

    def waited_ms(self, now_ms: int) -> int:
        """How long the oldest pending record has waited, as far as it was seen; 0 when nothing is pending."""
        return now_ms - self._marks[0][1] if self._marks else 0

    def _joins_last_mark(self, now_ms: int) -> bool:
        """Commits close together share a mark: a record may go out an eighth early, never late."""
        return len(self._marks) >= _MARKS_MAX or now_ms - self._marks[-1][1] <= self._max_age_ms // 8
