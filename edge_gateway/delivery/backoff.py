"""Growing pauses with jitter, so that a fleet of gateways does not come back in one second. Pure."""

from collections.abc import Callable
from typing import Final

_JITTER: Final = 0.25  # a pause is up to this much longer than its step


class Backoff:
    """`next_ms()` gives `first_ms`, then twice that, … up to `most_ms`, each with jitter added.

    random01: gives numbers in 0…1.
    """

    def __init__(self, first_ms: int, most_ms: int, random01: Callable[[], float]) -> None:
        self._first_ms = first_ms
        self._most_ms = most_ms
        self._random01 = random01
        self._tries = 0

    def next_ms(self) -> int:
        """The pause before the next try."""
        pause_ms = grown_ms(self._first_ms, self._tries, self._most_ms, self._random01)
        self._tries += 1
        return pause_ms

    def reset(self) -> None:
        """It worked: begin small again."""
        self._tries = 0


def grown_ms(first_ms: int, doublings: int, most_ms: int, random01: Callable[[], float]) -> int:
    """`first_ms` doubled `doublings` times, at most `most_ms`, plus up to a quarter of itself."""
    step_ms = min(first_ms << min(doublings, 30), most_ms)
    return int(step_ms * (1 + _JITTER * random01()))
