"""Message serials of one connection: what a terminal left out was lost on its way to us. Pure.

A terminal counts its messages upward and says one again under its old serial, so only a step ahead is a gap.
"""

from typing import Final

SERIALS: Final = 0x10000
RESENT_MAX: Final = 4096  # so far back it is a resend: as many as a connection may have unanswered
GAP_MAX: Final = 0x4000  # further ahead the terminal began to count anew


def step(expected: int, first: int) -> tuple[int, bool]:
    """What `first` means where `expected` was due: (serials missed, whether to count on from it)."""
    ahead = (first - expected) % SERIALS
    if ahead >= SERIALS - RESENT_MAX:
        return 0, False
    return (ahead if ahead < GAP_MAX else 0), True
