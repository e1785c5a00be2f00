"""How long reports wait for their answer, as counts in fixed buckets: cheap enough for the road."""

from bisect import bisect_left
from typing import Final

# Upper bounds, milliseconds: a commit takes about one, a terminal asks again after five thousand.
BOUNDS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


class Latency:
    """`observe` for each released submission."""

    __slots__ = ("counts", "sum_ms")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_MS) + 1)  # the last: beyond every bound
        self.sum_ms = 0

    def observe(self, ms: int, reports: int) -> None:
        """So many reports were answered after so many milliseconds."""
        self.counts[bisect_left(BOUNDS_MS, ms)] += reports
        self.sum_ms += ms * reports

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper bound in seconds, reports up to it), as Prometheus wants them, "+Inf" at the end."""
        total, rows = 0, []
        for bound, count in zip([*(str(ms / 1000) for ms in BOUNDS_MS), "+Inf"], self.counts, strict=True):
            total += count
            rows.append((bound, float(total)))
        return rows

    def quantile_ms(self, share: float) -> float:
        """The upper bound of the bucket that holds this share of the reports; 0 when there are none."""
        wanted, total = share * sum(self.counts), 0
        if not wanted:
            return 0.0
        for bound, count in zip(BOUNDS_MS, self.counts, strict=False):
            total += count
            if total >= wanted:
                return float(bound)
        return float("inf")
