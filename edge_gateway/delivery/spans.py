"""Spans of sequences: ascending, disjoint, never touching. Pure arithmetic."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

Span = tuple[int, int]  # first and last, both belong to it


class Spans:
    """A set of sequences as few spans. Iterating gives them in ascending order."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans: list[Span] = []
        for first, last in spans:
            self.add(first, last)

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    @property
    def count(self) -> int:
        """How many sequences."""
        return sum(last - first + 1 for first, last in self._spans)

    def add(self, first: int, last: int) -> None:
        """Joins first…last in; what overlaps or touches becomes one span."""
        if last < first:
            return
        start = bisect_left(self._spans, first - 1, key=lambda span: span[1])
        end = start
        while end < len(self._spans) and self._spans[end][0] <= last + 1:
            first, last = min(first, self._spans[end][0]), max(last, self._spans[end][1])
            end += 1
        self._spans[start:end] = [(first, last)]

    def remove_through(self, sequence: int) -> None:
        """Takes out everything up to `sequence`."""
        self._spans = [(max(first, sequence + 1), last) for first, last in self._spans if last > sequence]

    def covers(self, first: int, last: int) -> bool:
        """Whether all of first…last belong to the set."""
        at = bisect_left(self._spans, first, key=lambda span: span[1])
        return at < len(self._spans) and self._spans[at][0] <= first and last <= self._spans[at][1]

    def end_of_run(self, sequence: int) -> int:
        """The end of the span that begins right behind `sequence` or contains it; else `sequence`."""
        at = bisect_left(self._spans, sequence + 1, key=lambda span: span[1])
        if at < len(self._spans) and self._spans[at][0] <= sequence + 1:
            return self._spans[at][1]
        return sequence

    def gaps(self, after: int) -> list[Span]:
        """What is missing between `after` and the last span."""
        missing = []
        for first, last in self._spans:
            if first > after + 1:
                missing.append((after + 1, first - 1))
            after = max(after, last)
        return missing
