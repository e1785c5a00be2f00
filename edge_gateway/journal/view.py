"""The journal as one destination sees it: its own cursor, and what delivery reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .damage import SEQUENCE_MAX
from .destinations import Confirm, CutLoose, Reject, Span

if TYPE_CHECKING:
    from .journal import Journal


class DestinationView:
    """The journal with the cursor of one destination: what delivery to it works with. Thread-safe."""

    def __init__(self, journal: Journal, name: str) -> None:
        self._journal = journal
        self._name = name
        self.read_after = journal.read_after
        self.set_aside_after = journal.set_aside_after
        self._wanted: int | None = None

    def on_commit(self, callback: Callable[[], None]) -> None:
        """`callback()` in the writer's thread after each commit of new records, or after that which reaches
        what `wake_at` named. As Journal.on_commit."""

        def committed() -> None:
            wanted = self._wanted
            if wanted is None:
                callback()
            elif self.last_sequence >= wanted:
                self._wanted = SEQUENCE_MAX
                callback()

        self._journal.on_commit(committed)

    def wake_at(self, sequence: int) -> None:
        """The next commit that is worth a call is the one that holds `sequence`."""
        self._wanted = sequence

    @property
    def last_sequence(self) -> int:
        """The sequence of the youngest record."""
        return self._journal.last_sequence

    @property
    def record_bytes(self) -> float:
        """What a kept record costs in the file, on average."""
        return self._journal.record_bytes

    @property
    def confirmed_sequence(self) -> int:
        """The durable cursor of this destination."""
        return self._journal.position(self._name).confirmed

    @property
    def ahead(self) -> tuple[Span, ...]:
        """What is confirmed beyond the cursor: ascending spans of sequences."""
        return self._journal.position(self._name).ahead

    @property
    def lost(self) -> int:
        """Records given up for this destination, ever."""
        return self._journal.position(self._name).lost

    def confirm(self, sequence: int, ahead: Sequence[Span] = ()) -> None:
        """Moves the cursor, durably, never back; notes what is confirmed beyond it. As Journal.confirm."""
        end = max([sequence, *(last for _, last in ahead)])
        if end > self.last_sequence:
            raise ValueError(f"confirmed {end}, the journal ends at {self.last_sequence}")
        position = self._journal.position(self._name)
        if sequence > position.confirmed or (
            sequence == position.confirmed and tuple(ahead) != position.ahead
        ):
            self._journal.ask(Confirm(sequence, self._name, ahead))

    def cut_loose(self, sequence: int, ahead: Sequence[Span], lost: int) -> None:
        """Gives `lost` records up: the cursor moves to `sequence` without proof. As confirm otherwise."""
        self._journal.ask(CutLoose(sequence, self._name, ahead, lost))

    def reject(self, entries: list[tuple[int, str]]) -> None:
        """Keeps copies of records that this destination refused: (sequence, reason)."""
        if entries:
            self._journal.ask(Reject(entries, self._name))
