"""What a check found."""

from typing import Final, NamedTuple

GOOD: Final = "good"
POOR: Final = "poor"  # it works, worse than it could
WRONG: Final = "wrong"  # it will not work


class Finding(NamedTuple):
    """topic: what was looked at. advice: what to do, with the key to change; empty when it is good."""

    verdict: str
    topic: str
    text: str
    advice: str = ""
