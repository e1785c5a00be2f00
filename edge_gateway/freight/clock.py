"""One moment, as everything of freight is told it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Now:
    """One moment: Unix milliseconds."""

    ms: int

    @property
    def s(self) -> int:
        """Unix seconds."""
        return self.ms // 1000
